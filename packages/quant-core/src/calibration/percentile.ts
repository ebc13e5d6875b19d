import { QuantError } from '../error.js';
import { type LevelRange, levelRange } from '../grids.js';
import { BINS, type Histogram, observeHistogram } from './histogram.js';
import { gridOver } from './range.js';
import type { Calibration, Extent } from './types.js';

/** Among those compared in "Integer Quantization for Deep Learning Inference" (Wu et al., 2020), and the default of NVIDIA's toolkit. */
const DEFAULT = 99.99;

/**
 * The least symmetric step, or affine range, with which at least `percent` % of all values lie within the grid: outliers beyond are clipped.
 *
 * Symmetric grids: each value needs the step `x / qmax` or `x / qmin`; the result is the percentile of those. Affine grids: half of the outliers may lie on either
 * side. Bins count as wholes, up to their outer edge. A tensor of which that would leave only zeros is not clipped at all.
 *
 * @param percent in (0, 100]; 100 is min-max
 * @throws QuantError when it is outside
 *
 * @example
 * const observer = percentileOf(99.9).create();
 */
export function percentileOf(percent: number): Calibration {
  if (!(percent > 0 && percent <= 100)) {
    throw new QuantError('percentileOf', `percent must lie in (0, 100], got ${percent}`, 'for example 99.99');
  }
  return {
    name: 'percentile',
    description: `range of ${percent} % of all values`,
    create: (saved?) => {
      const { histogram, ...observer } = observeHistogram(saved);
      return {
        ...observer,
        fit: (spec) => {
          const seen = histogram();
          const outliers = seen.total * (1 - percent / 100);
          const range = levelRange(spec);
          if (!spec.affine) return gridOver(orWhole(trimmed(seen, needed(range), outliers), seen), spec);
          const { low } = trimmed(seen, { above: () => 0, below: (edge) => -edge }, outliers / 2);
          const { high } = trimmed(seen, { above: (edge) => edge, below: () => 0 }, outliers / 2);
          return gridOver(orWhole({ low, high }, seen), spec);
        },
      };
    },
  };
}

/** {@link percentileOf} 99.99 %. */
export const percentile = percentileOf(DEFAULT);

/** How far out a value lies; the side of 0 does not count. */
interface Distance {
  readonly above: (edge: number) => number;
  readonly below: (edge: number) => number;
}

/** The step that a value needs. */
function needed({ qmin, qmax }: LevelRange): Distance {
  return {
    above: (edge) => (qmax > 0 ? edge / qmax : 0),
    below: (edge) => (qmin < 0 ? edge / qmin : 0),
  };
}

function orWhole(part: Extent, whole: Extent): Extent {
  return part.low === 0 && part.high === 0 ? whole : part;
}

/** The extent that is left when at most `outliers` values are taken away, the farthest first; 0 on a side that does not count. */
function trimmed({ counts, width, low, high }: Histogram, { above, below }: Distance, outliers: number): Extent {
  let top = BINS - 1;
  let bottom = 0;
  let left = outliers;
  for (;;) {
    const upper = top < BINS / 2 ? 0 : Math.min(high, (top + 1 - BINS / 2) * width);
    const lower = bottom >= BINS / 2 ? 0 : Math.max(low, (bottom - BINS / 2) * width);
    const [up, down] = [above(upper), below(lower)];
    left -= counts[up >= down ? top : bottom] as number;
    if (left < 0 || (up === 0 && down === 0)) return { low: down > 0 ? lower : 0, high: up > 0 ? upper : 0 };
    if (up >= down) top--;
    else bottom++;
  }
}
