import { comparedPlanes, type MeasureOptions } from './conventions.js';
import type { Image, Plane } from './image.js';
import type { Metric } from './metric.js';

/** Width of the window in pixels. */
const TAPS = 11;
const SIGMA = 1.5;
const K1 = 0.01;
const K2 = 0.03;

/**
 * Structural similarity (Wang et al., IEEE TIP 2004), the mean over the valid region of
 * `(2 ma mb + C1)(2 cab + C2) / ((ma^2 + mb^2 + C1)(va + vb + C2))`, with means, variances and covariance under an
 * 11x11 Gaussian window of sigma 1.5, `C1 = (0.01 L)^2`, `C2 = (0.03 L)^2`. On RGB, the mean of the three channels.
 *
 * @param sr the image under test, 8-bit RGB
 * @param hr the ground truth, of the same size
 * @returns at most 1; exactly 1 for equal images
 * @throws MetricError when sizes differ or less than 11x11 pixels are left after the crop
 *
 * @example
 * ssim(sr, hr, { convention: 'edsr-benchmark', scale: 4 }); // 0.8936
 */
export function ssim(sr: Image, hr: Image, options: MeasureOptions): number {
  const planes = comparedPlanes('ssim', sr, hr, options, TAPS);
  const c1 = (K1 * planes.range) ** 2;
  const c2 = (K2 * planes.range) ** 2;
  const values = planes.sr.map((plane, p) => planeSsim(plane, planes.hr[p]!, c1, c2));
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** {@link ssim} for the registry. */
export const ssimMetric = {
  description: 'structural similarity',
  unit: '1',
  identical: 1,
  compare: ssim,
} satisfies Metric;

/** The window's 11 normalised weights; the 11x11 window is their outer product. */
export function gaussianWindow(): Float64Array {
  const weights = Float64Array.from({ length: TAPS }, (_, i) =>
    Math.exp(-((i - TAPS / 2 + 0.5) ** 2) / (2 * SIGMA ** 2)),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/**
 * Rows are filtered horizontally once each, into a ring of 11 rows of the four moments `a`, `b`, `a^2 + b^2` and `a b`; each output row filters the ring
 * vertically. The sum of both variances suffices, so four moments do where the formula has five.
 */
function planeSsim(a: Plane, b: Plane, c1: number, c2: number): number {
  const outWidth = a.width - TAPS + 1;
  const outHeight = a.height - TAPS + 1;
  const weights = gaussianWindow();
  const rowLength = 4 * outWidth;
  const ring = Array.from({ length: TAPS }, () => new Float64Array(rowLength));
  const moments = new Float64Array(4 * a.width);
  const filtered = new Float64Array(rowLength);
  let total = 0;
  for (let y = 0; y < a.height; y++) {
    rowMoments(a, b, y, moments);
    filterRow(moments, weights, ring[y % TAPS]!);
    if (y < TAPS - 1) continue;
    filterRing(ring, y + 1, weights, filtered);
    let sum = 0;
    for (let i = 0; i < rowLength; i += 4) {
      const ma = filtered[i]!;
      const mb = filtered[i + 1]!;
      const squares = ma * ma + mb * mb;
      const product = 2 * ma * mb;
      const variances = filtered[i + 2]! - squares;
      const covariance = 2 * filtered[i + 3]! - product;
      sum += ((product + c1) * (covariance + c2)) / ((squares + c1) * (variances + c2));
    }
    total += sum;
  }
  return total / (outWidth * outHeight);
}

function rowMoments(a: Plane, b: Plane, y: number, out: Float64Array): void {
  for (let x = 0, i = y * a.width, to = 0; x < a.width; x++, i++, to += 4) {
    const va = a.data[i]!;
    const vb = b.data[i]!;
    out[to] = va;
    out[to + 1] = vb;
    out[to + 2] = va * va + vb * vb;
    out[to + 3] = va * vb;
  }
}

function filterRow(moments: Float64Array, weights: Float64Array, out: Float64Array): void {
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let t = 0; t < TAPS; t++) sum += weights[t]! * moments[i + 4 * t]!;
    out[i] = sum;
  }
}

/** @param oldest the row of the ring that the first weight belongs to, modulo 11 */
function filterRing(ring: readonly Float64Array[], oldest: number, weights: Float64Array, out: Float64Array): void {
  out.fill(0);
  for (let t = 0; t < TAPS; t++) {
    const row = ring[(oldest + t) % TAPS]!;
    const weight = weights[t]!;
    for (let i = 0; i < out.length; i++) out[i]! += weight * row[i]!;
  }
}
