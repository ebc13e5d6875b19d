import * as tf from '@tensorflow/tfjs';
import { blockOutside } from './clipped.js';
import type { Ste } from './types.js';

/**
 * Element-wise gradient scaling (Lee et al., CVPR 2021).
 *
 * Surrogate gradient: `dr = dq * (1 + delta * sign(dq) * (r - q) / (qmax - qmin))` for `qmin <= r <= qmax`, else 0. The further a value has to go in the
 * direction of descent until its level changes, the larger its gradient. The paper's values lie in 0..1, hence the width of the grid.
 *
 * `delta`: 0 is the clipped estimator; 1e-3 is what the authors' scripts use where it is fixed. Their rule that adapts it by the trace of the Hessian is not
 * here.
 */
export const ewgs = {
  name: 'ewgs',
  description: 'clipped, scaled by the distance to the level and the sign of the gradient',
  formula: 'dr = dq (1 + delta sign(dq) (r - q) / (qmax - qmin)) for qmin <= r <= qmax, else 0',
  options: { delta: 1e-3 },
  refuses: ({ delta }) => ((delta as number) < 0 ? `have a delta of 0 or more, got ${delta}` : null),
  rounding: 'nearest',
  gradient: (dq, r, { range, options, level }) => {
    const { qmin, qmax } = range;
    const fromLevel = tf.sub(tf.clipByValue(r, qmin, qmax), level);
    const pull = tf.mul(tf.mul(fromLevel, (options['delta'] as number) / (qmax - qmin)), tf.abs(dq));
    return blockOutside(tf.add(dq, pull), r, range);
  },
} as const satisfies Ste;
