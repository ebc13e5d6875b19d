import * as tf from '@tensorflow/tfjs';
import { levelCount, levelRange } from '../grids.js';
import { isAffine, refuseUnless } from './refusal.js';
import type { Quantizer } from './types.js';
import { integerZeroPoint } from './zero-point.js';

/**
 * The dual bounds of DDTB (Zhong et al., ECCV 2022): both ends of the range are learned.
 *
 * `s = |upper - lower| / n`, `n = 2^b - 1`, `z = clamp(round(qmin - lower / s), qmin, qmax)`, `x^ = (round(clamp(x / s + z, qmin, qmax)) - z) * s`.
 *
 * As in the authors' code the zero point is rounded with the gradient of the identity; so with the clipped estimator `dx^/dupper = (q - z - x/s) / n` inside
 * and `1 - (z - z*) / n` above, `z* = qmin - lower / s`, and `dx^/dlower` the negative inside, `1 + (z - z*) / n` below. Differences: values are clipped at the
 * outermost levels, not at the bounds, which may lie half a step off; and the zero point stays on the grid. The gate that moves the bounds with each image is a
 * network of its own, and not here.
 */
export const ddtb = {
  name: 'ddtb',
  description: 'learned lower and upper bound',
  formula: 's = |upper - lower| / (2^b - 1), z = round(qmin - lower / s)',
  params: { lower: 'grid', upper: 'grid' },
  refuses: refuseUnless(isAffine),
  init: ({ steps, zeroPoints }, spec) => {
    const { qmin, qmax } = levelRange(spec);
    const at = (level: number) => steps.map((step, i) => (level - (zeroPoints[i] as number)) * step);
    return { lower: at(qmin), upper: at(qmax) };
  },
  grid: (params, spec) => {
    const range = levelRange(spec);
    const lower = params['lower'] as tf.Tensor1D;
    const step = tf.div(tf.abs(tf.sub(params['upper'] as tf.Tensor1D, lower)), levelCount(range) - 1) as tf.Tensor1D;
    return { step, zeroPoint: integerZeroPoint(tf.sub(range.qmin, tf.div(lower, step)), spec) };
  },
  stepGradient: 'residual',
} as const satisfies Quantizer;
