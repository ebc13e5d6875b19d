import { levelRange } from '../grids.js';
import { affineGrid, fitOf, outermost } from './range.js';
import { type Calibration, extentOf, isCount, numberOf, type ObserverState, textOf } from './types.js';

/**
 * FQSR's warm-up: the clip value `a` is the mean over the batches of `max |x|` (20 batches in the authors' code), and the step puts the outermost level there:
 * `s = a / qmax`. An affine grid spans the means of the batches' least and greatest values, zero included.
 *
 * Sums are exact integers in units of 2^-149, the least float32, so that they do not depend on the order of the batches.
 */
export const movingMax = {
  name: 'moving-max',
  description: 'mean over batches of max |x| (FQSR)',
  create: (saved = { calls: 0, max: '0', low: '0', high: '0' }) => {
    let { calls, max, low, high } = parse(saved);
    return {
      observe: (values) => {
        const extent = extentOf(values);
        calls++;
        max += units(Math.max(-extent.low, extent.high));
        low += units(extent.low);
        high += units(extent.high);
      },
      fit: (spec) => {
        const range = levelRange(spec);
        if (spec.affine) return affineGrid({ low: mean(low, calls), high: mean(high, calls) }, range);
        return max > 0n ? fitOf(mean(max, calls) / outermost(range), 0) : { step: 1, zeroPoint: 0 };
      },
      merge: (other) => {
        const added = parse(other);
        calls += added.calls;
        max += added.max;
        low += added.low;
        high += added.high;
      },
      state: () => ({ calls, max: String(max), low: String(low), high: String(high) }),
    };
  },
} as const satisfies Calibration;

/** A float32 in units of 2^-149, of which it is a multiple. */
function units(value: number): bigint {
  return BigInt(value * 2 ** 149);
}

function mean(sum: bigint, calls: number): number {
  return calls === 0 ? 0 : (Number(sum) / calls) * 2 ** -149;
}

function parse(state: ObserverState) {
  const sum = (field: string, pattern: RegExp) => BigInt(textOf(state, field, (text) => pattern.test(text)));
  return {
    calls: numberOf(state, 'calls', isCount),
    max: sum('max', /^\d{1,100}$/),
    low: sum('low', /^(0|-\d{1,100})$/),
    high: sum('high', /^\d{1,100}$/),
  };
}
