import type { Quantizer } from './types.js';

/** The grid of step 1: integers as they are. For images of 8 bits, which are integers already. */
export const fixed = {
  name: 'fixed',
  description: 'step 1, nothing learned',
  params: [],
  init: () => ({}),
  step: () => null,
} as const satisfies Quantizer;
