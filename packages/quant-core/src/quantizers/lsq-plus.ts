import * as tf from '@tensorflow/tfjs';
import { isAffine, refuseUnless } from './refusal.js';
import type { Quantizer } from './types.js';
import { integerZeroPoint } from './zero-point.js';

/**
 * LSQ+ (Bhalgat et al., CVPR Workshops 2020): a learned step and a learned offset `beta`, for feature maps that lie to one side of zero without ending there.
 *
 * `s = |step|`, `z = clamp(round(-offset / s), qmin, qmax)`, `q = round(clamp(x / s + z, qmin, qmax))`, `x^ = (q - z) * s`.
 *
 * The paper has `x^ = q * s + beta` with any real `beta`; here the offset snaps to the grid, so that zero is exact and integers can run it. Gradients are the
 * paper's up to that rounding, with the clipped estimator: `dx^/ds = (q - z) - x/s` inside, `q - z - offset / s` outside, `dx^/doffset = 0`
 * inside, 1 outside. Where the clamp of `z` acts, on ranges that do not hold zero, the offset gets none. The paper's gradient scale is the estimator
 * `lsq-scale`.
 */
export const lsqPlus = {
  name: 'lsq-plus',
  description: 'learned step size and offset',
  formula: 's = |step|, z = round(-offset / s)',
  params: { step: 'grid', offset: 'grid' },
  refuses: refuseUnless(isAffine),
  init: ({ steps, zeroPoints }) => ({
    step: steps,
    offset: steps.map((step, i) => -step * (zeroPoints[i] as number)),
  }),
  grid: (params, spec) => {
    const step = tf.abs(params['step'] as tf.Tensor1D);
    const exact = tf.neg(tf.div(params['offset'] as tf.Tensor1D, step)) as tf.Tensor1D;
    return { step, zeroPoint: integerZeroPoint(exact, spec) };
  },
  stepGradient: 'residual',
} as const satisfies Quantizer;
