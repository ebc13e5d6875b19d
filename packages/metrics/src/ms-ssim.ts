import { comparedPlanes, type MeasureOptions } from './conventions.js';
import type { Image, Plane } from './image.js';
import type { Metric } from './metric.js';
import { similarity, TAPS } from './window.js';

/** Exponents from the finest scale to the coarsest; as published, their sum is 1.0001. */
const EXPONENTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333] as const;

/** 176: at the coarsest scale the window still fits. */
const SMALLEST = TAPS * 2 ** (EXPONENTS.length - 1);

/**
 * Multi-scale structural similarity (Wang, Simoncelli and Bovik, Asilomar 2003): `cs_1^0.0448 cs_2^0.2856 cs_3^0.3001 cs_4^0.2363 ssim_5^0.1333`. Scale `i + 1` is scale `i`
 * under a 2x2 mean, every second pixel; `cs` is the mean of contrast and structure over the window positions of {@link ssim}, and luminance enters at the fifth scale only,
 * where the mean of the whole product is taken. A negative mean counts as 0. On RGB, the mean of the three channels.
 *
 * @param sr the image under test, 0..255
 * @param hr the ground truth, of the same size
 * @returns 0..1; exactly 1 for equal images
 * @throws MetricError when sizes differ or less than 176x176 pixels are left after the crop
 *
 * @example
 * msSsim(sr, hr, { convention: 'edsr-benchmark', scale: 4 }); // 0.9618
 */
export function msSsim(sr: Image, hr: Image, options: MeasureOptions): number {
  const { pairs, range } = comparedPlanes('msSsim', sr, hr, options, SMALLEST);
  const values = Array.from(pairs, ([a, b]) => overScales(a, b, range));
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** {@link msSsim} for the registry. */
export const msSsimMetric = {
  description: 'multi-scale structural similarity',
  unit: '1',
  identical: 1,
  smallest: SMALLEST,
  compare: msSsim,
} satisfies Metric;

function overScales(sr: Plane, hr: Plane, range: number): number {
  let [a, b] = [sr, hr];
  let product = 1;
  for (const [scale, exponent] of EXPONENTS.entries()) {
    if (scale > 0) [a, b] = [halved(a), halved(b)];
    const { ssim, contrastStructure } = similarity(a, b, range);
    const mean = scale === EXPONENTS.length - 1 ? ssim : contrastStructure;
    product *= Math.max(0, mean) ** exponent;
  }
  return product;
}

/** The mean of each 2x2 block; a last odd row or column stands for its missing neighbour too. */
function halved({ width, height, data }: Plane): Plane {
  const out = { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
  const samples = new Float64Array(out.width * out.height);
  for (let y = 0, to = 0; y < out.height; y++) {
    const top = 2 * y * width;
    const bottom = Math.min(2 * y + 1, height - 1) * width;
    for (let x = 0; x < out.width; x++, to++) {
      const left = 2 * x;
      const right = Math.min(left + 1, width - 1);
      samples[to] = (data[top + left]! + data[top + right]! + data[bottom + left]! + data[bottom + right]!) / 4;
    }
  }
  return { ...out, data: samples };
}
