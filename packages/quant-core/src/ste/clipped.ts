import * as tf from '@tensorflow/tfjs';
import type { LevelRange } from '../grids.js';
import type { Ste } from './types.js';

/** 1 where a value lies beyond the outermost levels, else 0; the edges themselves are inside. */
export function outside(r: tf.Tensor, { qmin, qmax }: LevelRange): tf.Tensor {
  // |r - clip(r)| is exactly 0 inside, and step(0) = 0. Arithmetic, since comparisons are slow on WASM.
  return tf.step(tf.abs(tf.sub(r, tf.clipByValue(r, qmin, qmax))));
}

/** A gradient, blocked where the value lies beyond the outermost levels. */
export function blockOutside(gradient: tf.Tensor, r: tf.Tensor, range: LevelRange): tf.Tensor {
  return tf.sub(gradient, tf.mul(gradient, outside(r, range)));
}

/**
 * The clipped straight-through estimator (Bengio et al. 2013; the STE of PACT, LSQ and FQSR).
 *
 * Surrogate gradient: `dq/dr = 1` for `qmin <= r <= qmax`, else 0.
 */
export const clipped = {
  name: 'clipped',
  description: 'identity through the rounding, zero outside the grid',
  formula: 'dq/dr = 1 for qmin <= r <= qmax, else 0',
  options: {},
  rounding: 'nearest',
  gradient: (dq, r, { range }) => blockOutside(dq, r, range),
  kernel: 'clipped',
} as const satisfies Ste;
