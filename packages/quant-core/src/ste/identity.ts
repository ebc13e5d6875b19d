import * as tf from '@tensorflow/tfjs';
import type { Ste } from './types.js';

/**
 * The plain straight-through estimator (Hinton 2012; Bengio et al. 2013): as if there were neither rounding nor clamping.
 *
 * Surrogate gradient: `dq/dr = 1` everywhere. Clipped values go on moving, and the step learns from them as from all others: `dx^/ds = q - x/s`, unbounded.
 */
export const identity = {
  name: 'identity',
  description: 'identity through the rounding and the clamp',
  formula: 'dq/dr = 1',
  options: {},
  rounding: 'nearest',
  gradient: (dq) => tf.clone(dq),
  kernel: 'identity',
} as const satisfies Ste;
