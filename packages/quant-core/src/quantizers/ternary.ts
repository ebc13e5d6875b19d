import * as tf from '@tensorflow/tfjs';
import { real } from '../scaled.js';
import { stopGradient } from '../stop-gradient.js';
import { meanOf, sumOf } from './magnitude.js';
import { hasBits, isMidtread, isNarrow, isSigned, isSymmetric, refuseUnless } from './refusal.js';
import type { Quantizer } from './types.js';

/**
 * Ternary weight networks (Li and Liu, 2016): -1, 0 or 1, worth the mean magnitude of what is not 0.
 *
 * `T = 0.7 * mean |x|`; `q = sign(x)` where `|x| > T`, else 0; `x^ = A * q`, `A = mean |x|` over `|x| > T`; over the tensor, or over each channel of the last
 * axis. In terms of a grid: rounding in steps of `2 T` cuts at `T`. `T` and `A` follow the weights but carry no gradient, as in the paper. So with the identity
 * `dx^/dx = A / (2 T)`, about 1.1 for weights of a normal distribution, where the authors pass 1; the clipped estimator blocks it for `|x| > 2 T`. An all-zero
 * tensor gets steps and a scale of 1.
 */
export const ternary = {
  name: 'ternary',
  description: 'ternary weights, worth the mean magnitude of what is not 0',
  formula: 's = 1.4 mean |x|, worth the mean of |x| over |x| > s / 2',
  params: {},
  refuses: refuseUnless(isSymmetric, isSigned, isMidtread, isNarrow, hasBits(2)),
  init: () => ({}),
  grid: (_params, { granularity }, x) => {
    const magnitude = tf.abs(stopGradient(real(x)));
    const threshold = tf.mul(meanOf(magnitude, granularity), 0.7);
    const counts = tf.step(tf.sub(magnitude, threshold));
    const count = sumOf(counts, granularity);
    const isZero = tf.sub(1, tf.minimum(count, 1));
    const mean = tf.div(sumOf(tf.mul(magnitude, counts), granularity), tf.maximum(count, 1));
    const step: tf.Tensor1D = tf.add(tf.mul(threshold, 2), isZero);
    return { step, zeroPoint: null, scale: tf.add(mean, isZero) };
  },
  stepGradient: 'residual',
  dynamic: () => true,
} as const satisfies Quantizer;
