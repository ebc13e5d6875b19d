import type * as tf from '@tensorflow/tfjs';
import { clipStep, clipsOf } from './clip.js';
import { isMidtread, isSymmetric, isUnsigned, refuseUnless } from './refusal.js';
import type { Quantizer } from './types.js';

/**
 * PACT (Choi et al., 2018, equations 1 to 3): a learned clip value for what follows a ReLU.
 *
 * `a = |clip|`, `x^ = round(clamp(x, 0, a) * n / a) * a / n`, `n = 2^b - 1`. With the clipped estimator `dx^/da = 0` inside and 1 above: rounding does not
 * count, unlike in LSQ. The clip edge belongs to the inside here; in the paper it is the first point outside. Its weight decay on `a` is the optimizer's
 * matter.
 */
export const pact = {
  name: 'pact',
  description: 'learned clip value, whose gradient sees clipped values only',
  formula: 's = |clip| / qmax',
  params: { clip: 'grid' },
  refuses: refuseUnless(isSymmetric, isUnsigned, isMidtread),
  init: ({ steps }, spec) => ({ clip: clipsOf(steps, spec) }),
  grid: (params, spec) => ({ step: clipStep(params['clip'] as tf.Tensor1D, spec), zeroPoint: null }),
  stepGradient: 'clip',
} as const satisfies Quantizer;
