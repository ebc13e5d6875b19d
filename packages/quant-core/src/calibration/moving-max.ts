import { levelRange } from '../grids.js';
import { type Calibration, largestMagnitude } from './types.js';

/**
 * FQSR's warm-up: the clip value `a` is the running mean of `max |x|` over the first batches (20 in the authors' code), and the step puts the
 * outermost level there: `s = a / qmax`.
 */
export const movingMax = {
  name: 'moving-max',
  description: 'running mean of max |x| (FQSR)',
  create: (saved = { calls: 0, max: 0 }) => {
    let calls = Number(saved['calls']);
    let max = Number(saved['max']);
    return {
      observe: (values) => {
        const largest = largestMagnitude(values);
        calls++;
        max += (largest - max) / calls;
      },
      fit: (spec) => ({ step: max > 0 ? max / Math.max(1, levelRange(spec).qmax) : 1, zeroPoint: 0 }),
      merge: (other) => {
        const added = Number(other['calls']);
        if (added === 0) return;
        calls += added;
        max += ((Number(other['max']) - max) * added) / calls;
      },
      state: () => ({ calls, max }),
    };
  },
} as const satisfies Calibration;
