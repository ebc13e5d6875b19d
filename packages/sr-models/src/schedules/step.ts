import type { Schedule } from './types.js';

/** `decayFactor ^ (number of decayAt <= step)`: EDSR halves every 2e5 steps, SRGAN divides by ten at 1e5. */
export const step = {
  name: 'step',
  description: 'times --decay-factor at each of --decay-at',
  factor: (at, { decayAt, decayFactor }) => decayFactor ** decayAt.filter((from) => from <= at).length,
} as const satisfies Schedule;
