import * as tf from '@tensorflow/tfjs';
import { outside } from './clipped.js';
import type { Ste } from './types.js';

/**
 * FQSR's `STE-scale`: the clipped estimator, made up for what the clamp blocks.
 *
 * Surrogate gradient: `dq/dr = sqrt(N / M)` for `qmin <= r <= qmax`, else 0; `N` values in the tensor, `M` of them inside. With none inside every gradient is
 * 0. Counted over the whole tensor, also where it has a step for each channel. The gradient of the step through `x / s` is scaled too, the one through `s * q`
 * is not.
 *
 * Source: the code of FQSR (Wang et al., ACM MM 2021), which leaves factors below 2 at 1 by a cast to an integer; here the factor holds from 1 on, as defined.
 */
export const steScale = {
  name: 'ste-scale',
  description: 'clipped, times the root of how many values there are for each one inside (FQSR)',
  formula: 'dq/dr = sqrt(count / count inside) for qmin <= r <= qmax, else 0',
  options: {},
  rounding: 'nearest',
  gradient: (dq, r, { range }) => {
    const inside = tf.sub(1, outside(r, range));
    const factor = tf.sqrt(tf.div(r.size, tf.maximum(tf.sum(inside), 1)));
    return tf.mul(tf.mul(dq, inside), factor);
  },
} as const satisfies Ste;
