import { cosineCurve } from './cosine.js';
import type { Schedule } from './types.js';

/** Warm restarts (SGDR, Loshchilov and Hutter, ICLR 2017): a cosine down to 0 in each stretch between the start, `restartAt` and the end. */
export const cosineRestarts = {
  name: 'cosine-restarts',
  description: 'a cosine down to 0 that starts again at each of --restart-at',
  factor: (at, { steps, restartAt }) => {
    const from = Math.max(0, ...restartAt.filter((start) => start <= at));
    const to = Math.min(steps, ...restartAt.filter((start) => start > at));
    return cosineCurve((at - from) / (to - from));
  },
} as const satisfies Schedule;
