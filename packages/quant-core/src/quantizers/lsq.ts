import * as tf from '@tensorflow/tfjs';
import { isSymmetric, refuseUnless } from './refusal.js';
import type { Quantizer } from './types.js';

/**
 * Learned step size quantization (Esser et al., ICLR 2020).
 *
 * `s = |step|`, `q = round(clamp(x / s, qmin, qmax))`, `x^ = s * q`. With the clipped estimator, equations 2 and 3: `dx^/ds = q - x/s` inside, `qmin` or `qmax`
 * outside. The paper's gradient scale `1 / sqrt(N * qmax)` is the estimator `lsq-scale`. The paper has no magnitude: it turns a step that crosses zero in
 * training back, but a step that hits zero makes NaN; `lsq-log` cannot. On mid-rise grids `q` is odd, and the step half the distance between levels.
 */
export const lsq = {
  name: 'lsq',
  description: 'learned step size',
  formula: 's = |step|',
  params: { step: 'grid' },
  refuses: refuseUnless(isSymmetric),
  init: ({ steps }) => ({ step: steps }),
  grid: (params) => ({ step: tf.abs(params['step'] as tf.Tensor1D), zeroPoint: null }),
  stepGradient: 'residual',
} as const satisfies Quantizer;
