import type * as tf from '@tensorflow/tfjs';
import { clipStep, clipsOf } from './clip.js';
import { hasLevelAboveZero, isSymmetric, refuseUnless } from './refusal.js';
import type { Quantizer } from './types.js';

/**
 * The quantizer of FQSR (Wang et al., ACM MM 2021): LSQ by its clip value `a = |clip|`, as the authors' code has it, with `n = 2^b - 1`.
 *
 * - half range, unsigned mid-tread: `x^ = a * round(clamp(x / a, 0, 1) * n) / n`, so `s = a / n`
 * - full range, signed mid-rise: `u = (clamp(x / a, -1, 1) + 1) / 2`, `x^ = a * (2 * round(u * n) / n - 1)`: odd levels of `s = a / n`, no zero
 * - signed mid-tread, not in the paper: `s = a / qmax`
 *
 * With the clipped estimator `dx^/da = (q - x/s) / qmax` inside, and 1 above, `qmin / qmax` below. The authors round `u * n` half to even; so do levels
 * here, but on 1 bit, where zero is the tie: it becomes `-a` in their code, `a` here.
 *
 * Their warm-up (a clip value that follows the mean of `max |x|` for 20 calls) is the calibration `moving-max`, their quantization-aware loss is
 * `quantizationError`, their other gradient is the estimator `ste-scale`. Their optional constants on the gradient of `a` are off in the released recipes, and
 * are left out.
 */
export const fqsr = {
  name: 'fqsr',
  description: 'learned clip value; half and full range (FQSR)',
  formula: 's = |clip| / qmax',
  params: { clip: 'grid' },
  refuses: (spec) =>
    refuseUnless(isSymmetric, hasLevelAboveZero)(spec) ??
    (spec.grid === 'midrise' && !spec.signed ? 'be signed where it lies on a midrise grid' : null),
  init: ({ steps }, spec) => ({ clip: clipsOf(steps, spec) }),
  grid: (params, spec) => ({ step: clipStep(params['clip'] as tf.Tensor1D, spec), zeroPoint: null }),
  stepGradient: 'residual',
} as const satisfies Quantizer;
