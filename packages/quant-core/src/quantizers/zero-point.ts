import * as tf from '@tensorflow/tfjs';
import { levelRange } from '../grids.js';
import type { QuantSpec } from '../quant-spec.js';
import { roundThrough } from '../round-through.js';

/**
 * The level that stands for 0, from where it would lie exactly: `clamp(roundHalfEven(z), qmin, qmax)`, so that zero is a level of the grid, exactly.
 *
 * Gradient: 1 where the clamp does not act, else 0.
 */
export function integerZeroPoint(z: tf.Tensor1D, spec: QuantSpec): tf.Tensor1D {
  const { qmin, qmax } = levelRange(spec);
  return roundThrough(tf.clipByValue(z, qmin, qmax));
}
