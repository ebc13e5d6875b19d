import * as tf from '@tensorflow/tfjs';
import { stopGradient } from '../stop-gradient.js';
import type { Quantizer } from './types.js';

/**
 * A calibrated grid that is not learned: min-max, percentile, MSE and entropy range setting are calibrations, and this is what they feed.
 *
 * `x^ = (round(clamp(x / s + z, qmin, qmax)) - z) * s`, on every grid, affine or not. The gradients of step and zero point are 0; that of `x` is the
 * estimator's.
 */
export const fixedRange = {
  name: 'static',
  description: 'a calibrated grid, nothing learned',
  formula: 's = step, z = zeroPoint, not learned',
  params: { step: 'grid', zeroPoint: 'grid' },
  refuses: () => null,
  init: ({ steps, zeroPoints }) => ({ step: steps, zeroPoint: zeroPoints }),
  grid: (params, { affine }) => {
    // Through one tensor, so that a zero point that no grid uses has a gradient as well: 0.
    const both = stopGradient(tf.stack([params['step'] as tf.Tensor, params['zeroPoint'] as tf.Tensor]));
    const [step, zeroPoint] = tf.unstack(both) as [tf.Tensor1D, tf.Tensor1D];
    return { step, zeroPoint: affine ? zeroPoint : null };
  },
  stepGradient: 'residual',
} as const satisfies Quantizer;
