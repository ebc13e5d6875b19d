import type { Schedule } from './types.js';

/** `(1 + cos(pi * t)) / 2` for `t` from 0 to 1 (Loshchilov and Hutter, ICLR 2017). */
export function cosineCurve(t: number): number {
  return 0.5 * (1 + Math.cos(Math.PI * t));
}

/** `(1 + cos(pi * step / steps)) / 2`: down to 0, as FQSR trains. */
export const cosine = {
  name: 'cosine',
  description: 'half a cosine down to 0',
  factor: (step, { steps }) => cosineCurve(step / steps),
} as const satisfies Schedule;
