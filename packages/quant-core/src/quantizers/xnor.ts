import * as tf from '@tensorflow/tfjs';
import { real } from '../scaled.js';
import { meanOf } from './magnitude.js';
import { hasBits, isMidrise, isSigned, isSymmetric, refuseUnless } from './refusal.js';
import type { Quantizer } from './types.js';

/** The least scale: what an all-zero tensor gets, so that whatever divides by it stays finite. */
const LEAST = 1e-8;

/**
 * The binary weights of XNOR-Net (Rastegari et al., ECCV 2016): the sign of a weight, worth the mean magnitude.
 *
 * `x^ = A * q`, `q = 1` for `x >= 0`, else -1; `A = mean |x|` over the tensor, or over each channel of the last axis, as in the paper. Signs are taken in steps
 * of 1: the clipped estimator passes gradients for `|x| <= 1`, as there. `A` is differentiated, in full: `dL/dx_i = A D_i g_i + sign(x_i) / N * sum_j g_j q_j`,
 * `D = dq/dr`, `g = dL/dx^`; the paper's own formula keeps of that sum the term `j = i` only. An all-zero tensor gets `A = 1e-8`.
 */
export const xnor = {
  name: 'xnor',
  description: 'signs of weights, worth their mean magnitude',
  formula: 's = 1, worth mean |x|',
  params: {},
  refuses: refuseUnless(isSymmetric, isSigned, isMidrise, hasBits(1)),
  init: () => ({}),
  grid: (_params, { granularity }, x) => {
    const mean = meanOf(tf.abs(real(x)), granularity);
    return { step: null, zeroPoint: null, scale: tf.maximum(mean, LEAST) };
  },
  stepGradient: 'residual',
  dynamic: () => true,
} as const satisfies Quantizer;
