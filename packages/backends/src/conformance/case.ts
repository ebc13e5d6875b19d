/**
 * One conformance case: an operation or a gradient on the current backend, against a reference in float64. This folder imports nothing but TF.js, so that
 * the same cases run on Node and in a browser.
 */
import type * as tf from '@tensorflow/tfjs';

/** What a case must give. */
export interface Expected {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  /** What errors are measured in: for sums, the sum of the terms' absolute values. `|value|` where it is left out. */
  readonly scales?: ArrayLike<number>;
}

/** A case. `bound` 0 asks for the correctly rounded float32 (zeros of both signs are equal); else errors are at most `bound` times their scale. */
export interface ConformanceCase {
  /** The row of the matrix. */
  readonly op: string;
  readonly title: string;
  readonly bound: number;
  readonly run: () => tf.Tensor;
  readonly expected: () => Expected;
}

/** Units of a relative error: float32 rounds to 0.5 of it. */
export const ULP = 2 ** -23;

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Seeded numbers in [-3, 3) of float32 (mulberry32), about a tenth of them within 0.3 of zero. */
export function numbers(shape: readonly number[], seed: number): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: sizeOf(shape) }, () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) / 2 ** 32 - 0.5) * 6;
  });
}

/** Repeats `list` to fill a shape; two such tensors of different `stride` meet in all pairs. */
export function repeated(list: readonly number[], shape: readonly number[], stride = 1): Float32Array {
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => list[Math.floor(i / stride) % list.length] as number);
}

/** The value at `index` of the broadcast of `values` (of shape `from`) to the shape `to`. */
export function broadcastIndex(from: readonly number[], to: readonly number[]): (index: number) => number {
  const lead = to.length - from.length;
  return (index) => {
    let rest = index;
    let at = 0;
    let step = 1;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      const size = to[axis] as number;
      const own = from[axis - lead] ?? 1;
      if (own > 1) at += (rest % size) * step;
      step *= own;
      rest = Math.floor(rest / size);
    }
    return at;
  };
}

/** The largest error in units of the scales; infinite where NaN or infinities differ. */
export function errorOf(got: ArrayLike<number>, { values, scales }: Expected, bound: number): number {
  let worst = 0;
  for (let i = 0; i < values.length; i++) {
    const [actual, exact] = [got[i] as number, values[i] as number];
    const want = bound === 0 ? Math.fround(exact) : exact;
    if (actual === want || (Number.isNaN(actual) && Number.isNaN(want))) continue;
    const error = Math.abs(actual - want) / Math.abs(scales?.[i] ?? want);
    worst = Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  }
  return worst;
}
