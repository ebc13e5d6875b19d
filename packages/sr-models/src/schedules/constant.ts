import type { Schedule } from './types.js';

/** `1`. */
export const constant = {
  name: 'constant',
  description: 'the same rate throughout',
  factor: () => 1,
} as const satisfies Schedule;
