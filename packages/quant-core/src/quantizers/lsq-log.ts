import * as tf from '@tensorflow/tfjs';
import { isSymmetric, refuseUnless } from './refusal.js';
import type { Quantizer } from './types.js';

/**
 * Learned step size quantization (Esser et al., ICLR 2020), with the step held as its logarithm.
 *
 * `s = exp(logStep)`, `q = round(clamp(x / s, qmin, qmax))`, `x^ = s * q`. With the clipped estimator the gradient is LSQ's, equations 2 and 3:
 * `dx^/ds = q - x/s` inside, `qmin` or `qmax` outside; and `d/dlogStep = s * d/ds`. The logarithm keeps the step positive and makes one
 * learning rate fit steps of any magnitude under Adam, as in trained quantization thresholds (Jain et al., MLSys 2020); LSQ's own gradient
 * scale `1 / sqrt(N * qmax)` is a constant that Adam cancels.
 */
export const lsqLog = {
  name: 'lsq-log',
  description: 'learned step size, in the log domain',
  formula: 's = exp(logStep)',
  params: { logStep: 'grid' },
  refuses: refuseUnless(isSymmetric),
  init: ({ steps }) => ({ logStep: steps.map((step) => Math.log(step)) }),
  grid: (params) => ({ step: tf.exp(params['logStep'] as tf.Tensor1D), zeroPoint: null }),
  stepGradient: 'residual',
} as const satisfies Quantizer;
