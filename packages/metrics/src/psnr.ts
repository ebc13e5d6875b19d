import { comparedPlanes, type MeasureOptions } from './conventions.js';
import type { Image } from './image.js';
import type { Metric } from './metric.js';

/**
 * Peak signal-to-noise ratio in dB: `10 log10(L^2 / MSE)`, the squared error averaged over all samples that the convention compares.
 *
 * @param sr the image under test, 0..255: clamped and rounded already
 * @param hr the ground truth, of the same size
 * @returns dB; `Infinity` for images without a difference where they are compared
 * @throws MetricError when sizes differ or nothing is left after the crop
 *
 * @example
 * psnr(sr, hr, { convention: 'edsr-benchmark', scale: 4 }); // 32.09
 */
export function psnr(sr: Image, hr: Image, options: MeasureOptions): number {
  const { pairs, range } = comparedPlanes('psnr', sr, hr, options, 1);
  let sum = 0;
  let count = 0;
  for (const [{ data: a }, { data: b }] of pairs) {
    for (let i = 0; i < a.length; i++) {
      const difference = a[i]! - b[i]!;
      sum += difference * difference;
    }
    count += a.length;
  }
  return 10 * Math.log10(range ** 2 / (sum / count));
}

/** {@link psnr} for the registry. */
export const psnrMetric = {
  description: 'peak signal-to-noise ratio',
  unit: 'dB',
  identical: Number.POSITIVE_INFINITY,
  smallest: 1,
  compare: psnr,
} satisfies Metric;
