import { type LevelRange, levelRange } from '../grids.js';
import { type GridError, gridError } from './grid-error.js';
import { observeHistogram } from './histogram.js';
import { affineGrid, fitOf, holdingStep } from './range.js';
import type { Calibration, Extent, Fit } from './types.js';

/**
 * The grid of least mean squared error over everything observed, on a histogram: at 4 bits and below it clips, and gives up outliers for resolution
 * (Banner et al., NeurIPS 2019).
 *
 * Symmetric grids: the best of 100 evenly spaced steps up to the one that clips nothing, and of 48 smaller ones in ratios of `2^(1/4)`; then two rounds
 * between its neighbours, 20 steps each. Affine grids: the best of the ranges `[low * i / 32, high * j / 32]`, then two rounds of 9 x 9 around it, each 4 times finer.
 */
export const mse = {
  name: 'mse',
  description: 'least mean squared error over a histogram',
  create: (saved?) => {
    const { histogram, ...observer } = observeHistogram(saved);
    return {
      ...observer,
      fit: (spec) => {
        const seen = histogram();
        const range = levelRange(spec);
        const error = gridError(seen);
        return spec.affine ? bestAffine(error, seen, range) : bestStep(error, seen, range);
      },
    };
  },
} as const satisfies Calibration;

const EVEN = 100;
const SMALLER = 48;
const FINER = 20;

function bestStep(error: GridError, extent: Extent, range: LevelRange): Fit {
  if (extent.low === 0 && extent.high === 0) return fitOf(1, 0);
  const full = holdingStep(extent, range);
  const shares = [
    ...Array.from({ length: EVEN }, (_, i) => 1 - i / EVEN),
    ...Array.from({ length: SMALLER }, (_, i) => 2 ** (-i / 4) / EVEN),
  ];
  const gridAt = (share: number) => fitOf(full * share, 0);
  let best = leastOf(shares, (share) => error(gridAt(share), range));
  let reach = best > 1 / EVEN ? 1 / EVEN : best * (1 - 2 ** -0.25);
  for (let round = 0; round < 2; round++) {
    const near = Array.from({ length: FINER }, (_, i) => best + reach * ((2 * (i + 1)) / (FINER + 1) - 1));
    best = leastOf([best, ...near.filter((share) => share > 0 && share <= 1)], (share) => error(gridAt(share), range));
    reach *= 2 / (FINER + 1);
  }
  return gridAt(best);
}

const COARSE = 32;

function bestAffine(error: GridError, { low, high }: Extent, range: LevelRange): Fit {
  const gridAt = ([below, above]: readonly [number, number]) =>
    affineGrid({ low: low * below, high: high * above }, range);
  const errorAt = (at: readonly [number, number]) => error(gridAt(at), range);
  const coarse = Array.from({ length: COARSE + 1 }, (_, i) => 1 - i / COARSE);
  let best = leastOf(pairs(coarse, coarse), errorAt);
  for (let round = 1; round <= 2; round++) {
    const around = (share: number) =>
      Array.from({ length: 9 }, (_, i) => share + (i - 4) / COARSE / 4 ** round).filter((x) => x >= 0 && x <= 1);
    best = leastOf([best, ...pairs(around(best[0]), around(best[1]))], errorAt);
  }
  return gridAt(best);
}

function pairs(a: readonly number[], b: readonly number[]): readonly (readonly [number, number])[] {
  return a.flatMap((x) => b.map((y) => [x, y] as const));
}

/** The first candidate of the least error. */
function leastOf<T>(candidates: readonly T[], errorOf: (candidate: T) => number): T {
  let best = candidates[0] as T;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const error = errorOf(candidate);
    if (error >= least) continue;
    least = error;
    best = candidate;
  }
  return best;
}
