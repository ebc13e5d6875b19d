/**
 * Comparing with references, and seeded values for tests.
 */
import * as tf from '@tensorflow/tfjs';
import type { Reference } from '../src/conformance/conv-reference.js';

export { type ConvCase, convReference, type Reference } from '../src/conformance/conv-reference.js';

/** Largest error, in units of the sum of absolute terms. */
export function relativeError(actual: ArrayLike<number>, { values, scales }: Reference): number {
  let worst = 0;
  for (let at = 0; at < values.length; at++) {
    worst = Math.max(worst, Math.abs(actual[at]! - values[at]!) / (scales[at]! + 1e-30));
  }
  return worst;
}

/** Seeded normal values. */
export const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
