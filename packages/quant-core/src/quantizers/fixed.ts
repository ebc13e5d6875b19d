import * as tf from '@tensorflow/tfjs';
import { refuseUnless } from './refusal.js';
import type { Quantizer } from './types.js';

/**
 * The grid of step 1: integers as they are. For images of 8 bits, which are integers already, and, affine, for two parts that add up to one: with its zero a quarter up the levels,
 * 8 bits hold -64..191, an image less 64 as well as what is added to it plus 64, -128..127 around that.
 */
export const fixed = {
  name: 'fixed',
  description: 'step 1, nothing learned',
  formula: 's = 1; where affine z = 2^(bits - 2)',
  params: {},
  refuses: refuseUnless(({ affine, signed, bits, granularity }) => [
    affine && (signed || bits < 2 || granularity === 'channel'),
    'be unsigned, of 2 bits or more and one grid where it is affine',
  ]),
  init: () => ({}),
  grid: (_, { affine, bits }) => ({ step: null, zeroPoint: affine ? tf.tensor1d([fixedZero(bits)]) : null }),
  stepGradient: 'residual',
} as const satisfies Quantizer;

/** The level that stands for 0 on an affine grid of `fixed`. */
export function fixedZero(bits: number): number {
  return 2 ** (bits - 2);
}
