import * as tf from '@tensorflow/tfjs';
import { real, scaled } from '../scaled.js';
import { isMidtread, isSymmetric, refuseUnless } from './refusal.js';
import type { Quantizer } from './types.js';

/**
 * The activation quantizer of QuantSR (Qin et al., NeurIPS 2023), as its released operator has it: LSQ after a learned shift of every channel.
 *
 * `y = x + shift`, `s = |step|`, `x^ = s * round(clamp(y / s, qmin, qmax))`. The shift starts at 0 and is not taken off again: the next convolution's bias
 * learns with it. With the estimator `quantsr`, `D = dq/dr`: `dx^/dx = dx^/dshift = D`, `dx^/ds = q - D y/s` inside, `q` outside; the gradient of the step, not
 * of the shift, times `1 / sqrt(N * qmax)`. For weights the operator has no shift: that is `lsq` with the estimator `quantsr`.
 *
 * Taken from the release: the shift, the step, the redistributed gradient, the gradient scale. Not taken: its first step `2 mean |x| / sqrt(qmax)`, since any
 * calibration gives one, and the architecture of dynamic depth, which is a network.
 */
export const quantsr = {
  name: 'quantsr',
  description: 'learned step size after a learned shift of every channel (QuantSR)',
  formula: 's = |step|, x + shift first',
  params: { step: 'grid', shift: 'channel' },
  refuses: refuseUnless(isSymmetric, isMidtread),
  init: ({ steps }, _spec, channels) => ({ step: steps, shift: new Float32Array(channels) }),
  grid: (params) => ({
    step: tf.abs(params['step'] as tf.Tensor1D),
    zeroPoint: null,
    prepare: (x) => scaled(tf.add(real(x), params['shift'] as tf.Tensor1D)),
  }),
  stepGradient: 'residual',
} as const satisfies Quantizer;
