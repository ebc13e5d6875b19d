import type * as tf from '@tensorflow/tfjs';
import type { Quantizer } from './types.js';

/**
 * Learned step size quantization (Esser et al., ICLR 2020).
 *
 * `q = round(clamp(x / s, qmin, qmax))`, `x^ = s * q`. With the clipped estimator, equations 2 and 3: `dx^/ds = q - x/s` inside, `qmin` or `qmax` outside.
 * The paper's gradient scale `1 / sqrt(N * qmax)` is the estimator `lsq-scale`. The step may pass through zero in training; `lsq-log` cannot.
 */
export const lsq = {
  name: 'lsq',
  description: 'learned step size',
  params: { step: 'grid' },
  refuses: ({ affine }) => (affine ? 'have no zero point (affine: false)' : null),
  init: ({ steps }) => ({ step: steps }),
  grid: (params) => ({ step: params['step'] as tf.Tensor1D, zeroPoint: null }),
  stepGradient: 'residual',
} as const satisfies Quantizer;
