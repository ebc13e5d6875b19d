/** Surrogates that repeat between every two levels: a curve over the position in the cell. */
import * as tf from '@tensorflow/tfjs';
import type { LevelRange } from '../grids.js';
import { blockOutside } from './clipped.js';

/** How far each value is from the level below it towards the next, less one half: `-1/2 .. 1/2`, 0 where the rounding jumps; -1/2 on levels. */
function fromMiddle(r: tf.Tensor, { qmin, qmax, spacing }: LevelRange): tf.Tensor {
  const steps = tf.sub(tf.clipByValue(r, qmin, qmax), qmin);
  const cells = spacing === 1 ? steps : tf.mul(steps, 0.5);
  return tf.sub(tf.sub(cells, tf.floor(cells)), 0.5);
}

/** The gradient times a curve over each cell, blocked beyond the outermost levels. */
export function perCell(dq: tf.Tensor, r: tf.Tensor, range: LevelRange, curve: (u: tf.Tensor) => tf.Tensor): tf.Tensor {
  return blockOutside(tf.mul(dq, curve(fromMiddle(r, range))), r, range);
}

/**
 * The slope of a tanh that climbs one level over a cell: `k (1 - tanh(k u)^2) / (2 tanh(k / 2))`, where `u` is the distance to the middle of the cell. Its mean
 * is 1.
 */
export function tanhSlope(k: number): (u: tf.Tensor) => tf.Tensor {
  const height = k / (2 * Math.tanh(k / 2));
  return (u) => tf.mul(tf.sub(1, tf.square(tf.tanh(tf.mul(u, k)))), height);
}
