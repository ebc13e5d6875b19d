/**
 * The 11x11 Gaussian window of SSIM, run over two planes.
 */
import type { Plane } from './image.js';

/** Width of the window in pixels. */
export const TAPS = 11;
const SIGMA = 1.5;
const K1 = 0.01;
const K2 = 0.03;

/** Means over all window positions. */
export interface Similarity {
  /** Of luminance, contrast and structure: SSIM itself. */
  readonly ssim: number;
  /** Of contrast and structure alone. */
  readonly contrastStructure: number;
}

/** The window's 11 normalised weights; the 11x11 window is their outer product. */
export function gaussianWindow(): Float64Array {
  const weights = Float64Array.from({ length: TAPS }, (_, i) =>
    Math.exp(-((i - TAPS / 2 + 0.5) ** 2) / (2 * SIGMA ** 2)),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/**
 * Similarity of two planes of the same size over the valid region, with `C1 = (0.01 L)^2` and `C2 = (0.03 L)^2`.
 *
 * Rows are filtered horizontally once each, into a ring of 11 rows of the four moments `a`, `b`, `a^2 + b^2` and `a b`; each output row filters the ring
 * vertically. The sum of both variances suffices, so four moments do where the formula has five. Besides the planes it needs twelve rows of moments.
 */
export function similarity(a: Plane, b: Plane, range: number): Similarity {
  const c1 = (K1 * range) ** 2;
  const c2 = (K2 * range) ** 2;
  const outWidth = a.width - TAPS + 1;
  const outHeight = a.height - TAPS + 1;
  const weights = gaussianWindow();
  const rowLength = 4 * outWidth;
  const ring = new Float64Array(TAPS * rowLength);
  const moments = new Float64Array(4 * a.width);
  const filtered = new Float64Array(rowLength);
  const total = { ssim: 0, contrastStructure: 0 };
  for (let y = 0; y < a.height; y++) {
    rowMoments(a, b, y, moments);
    filterRow(moments, weights, ring, (y % TAPS) * rowLength, rowLength);
    if (y < TAPS - 1) continue;
    filterRing(ring, y + 1, weights, filtered);
    addRow(filtered, c1, c2, total);
  }
  const positions = outWidth * outHeight;
  return { ssim: total.ssim / positions, contrastStructure: total.contrastStructure / positions };
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

/** The window is symmetric: samples of the same weight are added first. */
function filterRow(moments: Float64Array, w: Float64Array, ring: Float64Array, to: number, length: number): void {
  const [w0, w1, w2, w3, w4, w5] = [w[0]!, w[1]!, w[2]!, w[3]!, w[4]!, w[5]!];
  for (let i = 0; i < length; i++) {
    ring[to + i] =
      w0 * (moments[i]! + moments[i + 40]!) +
      w1 * (moments[i + 4]! + moments[i + 36]!) +
      w2 * (moments[i + 8]! + moments[i + 32]!) +
      w3 * (moments[i + 12]! + moments[i + 28]!) +
      w4 * (moments[i + 16]! + moments[i + 24]!) +
      w5 * moments[i + 20]!;
  }
}

/** @param oldest the row of the ring that the first weight belongs to, modulo 11 */
function filterRing(ring: Float64Array, oldest: number, w: Float64Array, out: Float64Array): void {
  const at = (t: number) => ((oldest + t) % TAPS) * out.length;
  const [r0, r1, r2, r3, r4, r5] = [at(0), at(1), at(2), at(3), at(4), at(5)];
  const [r6, r7, r8, r9, r10] = [at(6), at(7), at(8), at(9), at(10)];
  const [w0, w1, w2, w3, w4, w5] = [w[0]!, w[1]!, w[2]!, w[3]!, w[4]!, w[5]!];
  for (let i = 0; i < out.length; i++) {
    out[i] =
      w0 * (ring[r0 + i]! + ring[r10 + i]!) +
      w1 * (ring[r1 + i]! + ring[r9 + i]!) +
      w2 * (ring[r2 + i]! + ring[r8 + i]!) +
      w3 * (ring[r3 + i]! + ring[r7 + i]!) +
      w4 * (ring[r4 + i]! + ring[r6 + i]!) +
      w5 * ring[r5 + i]!;
  }
}

function addRow(
  filtered: Float64Array,
  c1: number,
  c2: number,
  total: { ssim: number; contrastStructure: number },
): void {
  let full = 0;
  let partial = 0;
  for (let i = 0; i < filtered.length; i += 4) {
    const ma = filtered[i]!;
    const mb = filtered[i + 1]!;
    const squares = ma * ma + mb * mb;
    const product = 2 * ma * mb;
    const variances = filtered[i + 2]! - squares;
    const covariance = 2 * filtered[i + 3]! - product;
    const contrastStructure = (covariance + c2) / (variances + c2);
    partial += contrastStructure;
    full += ((product + c1) / (squares + c1)) * contrastStructure;
  }
  total.ssim += full;
  total.contrastStructure += partial;
}
