/** The squared error of a grid over a histogram, in time proportional to its levels and not to its bins. */
import type { LevelRange } from '../grids.js';
import { quantize } from '../scalar.js';
import { BINS, type Histogram } from './histogram.js';
import type { Fit } from './types.js';

/** `sum (x - (q - z) * s)^2` over what was counted; a bin stands for its middle, zeros for themselves. */
export type GridError = (grid: Fit, range: LevelRange) => number;

/**
 * Prepares sums over `[0, bin)` of `n`, `n * x` and `n * x^2`, with `x` in bins from zero. For the bins `[a, b)` that one level `y` takes, the error is the
 * difference of `S2 - 2 y S1 + y^2 S0` at `b` and at `a`.
 */
export function gridError({ counts, width, zeros }: Histogram): GridError {
  const [s0, s1, s2] = [new Float64Array(BINS + 1), new Float64Array(BINS + 1), new Float64Array(BINS + 1)];
  for (let bin = 0; bin < BINS; bin++) {
    const count = counts[bin] as number;
    const x = bin + 0.5 - BINS / 2;
    s0[bin + 1] = (s0[bin] as number) + count;
    s1[bin + 1] = (s1[bin] as number) + count * x;
    s2[bin + 1] = (s2[bin] as number) + count * x * x;
  }
  return ({ step, zeroPoint }, range) => {
    const { qmin, qmax, spacing } = range;
    const unit = step / width;
    let error = 0;
    let from = 0;
    for (let q = qmin; q <= qmax && from < BINS; q += spacing) {
      const y = (q - zeroPoint) * unit;
      // Middles below the tie with the next level belong to this one.
      const tie = y + (spacing * unit) / 2;
      const to = q === qmax ? BINS : Math.min(BINS, Math.max(from, Math.ceil(tie - 0.5) + BINS / 2));
      const [n, sum, squares] = [difference(s0, from, to), difference(s1, from, to), difference(s2, from, to)];
      error += squares - 2 * y * sum + y * y * n;
      from = to;
    }
    const zero = (quantize(0, step, zeroPoint, range) - zeroPoint) * unit;
    return (error + zeros * zero * zero) * width * width;
  };
}

function difference(sums: Float64Array, from: number, to: number): number {
  return (sums[to] as number) - (sums[from] as number);
}
