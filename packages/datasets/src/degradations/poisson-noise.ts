import type { Random } from '../dead-leaves/random.js';
import { makeImage } from '../image.js';
import { toByte } from './check.js';
import type { Degradation } from './degradation.js';
import { normal } from './normal.js';

/** Shot noise. */
export interface PoissonNoiseOptions {
  /** Expected counts at the value 255; 1 to 1e6. Fewer are noisier. */
  readonly peak: number;
}

/** A mean from which the normal approximation is taken. */
const LARGE = 60;

/** Replaces each sample `x` by `255 P(peak x / 255) / peak`, `P` Poisson: the variance is `255 x / peak`. */
export const poissonNoise = {
  description: 'Poisson (shot) noise',
  fields: { peak: { kind: 'number', low: 1, high: 1e6 } },
  apply: ({ width, height, data }, { peak }, { random }) => {
    const out = makeImage(width, height);
    for (let i = 0; i < data.length; i++) out.data[i] = toByte((255 * poisson((peak * data[i]!) / 255, random)) / peak);
    return out;
  },
} satisfies Degradation<PoissonNoiseOptions>;

/** By inversion: counts up the distribution function. For large means the normal distribution of the same mean and variance, rounded. */
function poisson(mean: number, random: Random): number {
  if (mean >= LARGE) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const u = random.unit();
  let k = 0;
  let probability = Math.exp(-mean);
  for (let sum = probability; sum < u && k < 4 * LARGE; sum += probability) probability *= mean / ++k;
  return k;
}
