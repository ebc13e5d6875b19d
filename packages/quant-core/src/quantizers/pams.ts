import type * as tf from '@tensorflow/tfjs';
import { clipStep, clipsOf } from './clip.js';
import { isMidtread, isNarrow, isSigned, isSymmetric, refuseUnless } from './refusal.js';
import type { Quantizer } from './types.js';

/**
 * PAMS (Li et al., ECCV 2020): a learned clip value on both sides of zero.
 *
 * `a = |clip|`, `x^ = round(clamp(x, -a, a) * m / a) * a / m`, `m = 2^(b-1) - 1`. As in the authors' code, whose rounding has the gradient of the identity, so
 * with the clipped estimator: `dx^/da = (q - x/s) / m` inside, the sign of `x` outside. Their `a` starts at the mean, over the images of a batch, of `max |x|`;
 * any calibration starts it here. Their weights, scaled by `max |w|` at every step, have no quantizer of their own here.
 */
export const pams = {
  name: 'pams',
  description: 'learned symmetric clip value',
  formula: 's = |clip| / qmax',
  params: { clip: 'grid' },
  refuses: refuseUnless(isSymmetric, isSigned, isMidtread, isNarrow),
  init: ({ steps }, spec) => ({ clip: clipsOf(steps, spec) }),
  grid: (params, spec) => ({ step: clipStep(params['clip'] as tf.Tensor1D, spec), zeroPoint: null }),
  stepGradient: 'residual',
} as const satisfies Quantizer;
