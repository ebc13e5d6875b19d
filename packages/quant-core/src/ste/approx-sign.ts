import * as tf from '@tensorflow/tfjs';
import { perCell } from './cell.js';
import type { Ste } from './types.js';

/**
 * ApproxSign of Bi-Real Net (Liu et al., ECCV 2018): the gradient of a piecewise quadratic that follows the sign.
 *
 * Surrogate gradient on the 1-bit mid-rise grid: `dq/dr = 2 - 2 |r|` for `|r| < 1`, else 0. On wider grids the same triangle stands over every cell:
 * `dq/dr = 2 - 4 |f - 1/2|`, `f` the position between two levels, 0..1: 2 where the rounding jumps, 0 on the levels, mean 1. Values on a level do not move.
 */
export const approxSign = {
  name: 'approx-sign',
  description: 'a triangle over every cell (ApproxSign on one bit)',
  formula: 'dq/dr = 2 - 4 |f - 1/2| for qmin <= r <= qmax, else 0; on a sign 2 - 2 |r|',
  options: {},
  rounding: 'nearest',
  gradient: (dq, r, { range }) => perCell(dq, r, range, (u) => tf.sub(2, tf.mul(tf.abs(u), 4))),
} as const satisfies Ste;
