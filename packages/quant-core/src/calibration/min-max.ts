import { gridOver } from './range.js';
import { type Calibration, type Extent, extentOf, numberOf, type ObserverState } from './types.js';

/**
 * The whole range of what was seen, zero included: nothing is clipped.
 *
 * Symmetric grids: `s = max(high / qmax, low / qmin)`. Affine ones: `s = (high - low) / (qmax - qmin)`, `z = round(qmin - low / s)`.
 */
export const minMax = {
  name: 'min-max',
  description: 'least and greatest value',
  create: (saved = { low: 0, high: 0 }) => {
    let seen = parse(saved);
    const widen = ({ low, high }: Extent) => {
      seen = { low: Math.min(seen.low, low), high: Math.max(seen.high, high) };
    };
    return {
      observe: (values) => widen(extentOf(values)),
      fit: (spec) => gridOver(seen, spec),
      merge: (other) => widen(parse(other)),
      state: () => ({ ...seen }),
    };
  },
} as const satisfies Calibration;

function parse(state: ObserverState): Extent {
  return {
    low: numberOf(state, 'low', (value) => value <= 0),
    high: numberOf(state, 'high', (value) => value >= 0),
  };
}
