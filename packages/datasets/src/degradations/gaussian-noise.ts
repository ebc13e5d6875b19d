import { makeImage } from '../image.js';
import { toByte } from './check.js';
import type { Degradation } from './degradation.js';
import { normal } from './normal.js';

/** Additive white noise. */
export interface GaussianNoiseOptions {
  /** Standard deviation in levels of 0..255; 0 to 100. */
  readonly sigma: number;
  /** One value for the three channels of a pixel instead of three. */
  readonly grey?: boolean;
}

/** Adds `sigma * n` to each sample, `n` standard normal; the result is rounded and clamped. */
export const gaussianNoise = {
  description: 'additive Gaussian noise',
  fields: { sigma: { kind: 'number', low: 0, high: 100 }, grey: { kind: 'switch' } },
  apply: ({ width, height, data }, { sigma, grey = false }, { random }) => {
    const out = makeImage(width, height);
    for (let i = 0, n = 0; i < data.length; i++) {
      if (!grey || i % 3 === 0) n = sigma * normal(random);
      out.data[i] = toByte(data[i]! + n);
    }
    return out;
  },
} satisfies Degradation<GaussianNoiseOptions>;
