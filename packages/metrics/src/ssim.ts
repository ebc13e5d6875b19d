import { comparedPlanes, type MeasureOptions } from './conventions.js';
import type { Image } from './image.js';
import type { Metric } from './metric.js';
import { similarity, TAPS } from './window.js';

/**
 * Structural similarity (Wang et al., IEEE TIP 2004), the mean over the valid region of
 * `(2 ma mb + C1)(2 cab + C2) / ((ma^2 + mb^2 + C1)(va + vb + C2))`, with means, variances and covariance under an
 * 11x11 Gaussian window of sigma 1.5, `C1 = (0.01 L)^2`, `C2 = (0.03 L)^2`. On RGB, the mean of the three channels. The image is not downsampled first.
 *
 * @param sr the image under test, 0..255
 * @param hr the ground truth, of the same size
 * @returns at most 1; exactly 1 for equal images
 * @throws MetricError when sizes differ or less than 11x11 pixels are left after the crop
 *
 * @example
 * ssim(sr, hr, { convention: 'edsr-benchmark', scale: 4 }); // 0.8936
 */
export function ssim(sr: Image, hr: Image, options: MeasureOptions): number {
  const { pairs, range } = comparedPlanes('ssim', sr, hr, options, TAPS);
  const values = Array.from(pairs, ([a, b]) => similarity(a, b, range).ssim);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** {@link ssim} for the registry. */
export const ssimMetric = {
  description: 'structural similarity',
  unit: '1',
  identical: 1,
  smallest: TAPS,
  compare: ssim,
} satisfies Metric;
