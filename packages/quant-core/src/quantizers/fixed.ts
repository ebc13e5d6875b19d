import { isSymmetric, refuseUnless } from './refusal.js';
import type { Quantizer } from './types.js';

/** The grid of step 1: integers as they are. For images of 8 bits, which are integers already. */
export const fixed = {
  name: 'fixed',
  description: 'step 1, nothing learned',
  formula: 's = 1',
  params: {},
  refuses: refuseUnless(isSymmetric),
  init: () => ({}),
  grid: () => ({ step: null, zeroPoint: null }),
  stepGradient: 'residual',
} as const satisfies Quantizer;
