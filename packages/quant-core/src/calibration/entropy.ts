import { levelCount, levelRange } from '../grids.js';
import type { QuantSpec } from '../quant-spec.js';
import { BINS, type Histogram, observeHistogram } from './histogram.js';
import { affineGrid, fitOf, outermost } from './range.js';
import type { Calibration } from './types.js';

/**
 * The clip value of least Kullback-Leibler divergence between the distribution of magnitudes and what the grid makes of it (Migacz, "8-bit inference with
 * TensorRT", GTC 2017, as in ONNX Runtime).
 *
 * With `n[0], n[1], ...` the counts of `|x|` in bins of width `w`, up to the greatest magnitude, and `K` levels for magnitudes, for every `i` from `K` to all bins:
 *
 * - `P`: `n[0..i)`, with everything beyond added to `n[i - 1]`, divided by its sum
 * - `Q`: `n[0..i)` in `K` groups, group `k` the bins `b` with `floor(b * K / i) = k`; each bin that is not empty gets its group's mean over such bins; divided by its sum
 * - `D = sum P ln(P / Q)`, infinite where `P > 0 = Q`
 *
 * The clip value is `i * w` of the least `D`, the first of equals, and not beyond the greatest magnitude. `K` is `2^b`, or `2^(b-1)` where levels lie on both sides.
 * Values on a side without levels do not count. Zeros are left out, since a spike at zero would drown the rest (NVIDIA's toolkit overwrites the first
 * bin for that). The clip value becomes the outermost level; an affine grid spans what lies within it on both sides.
 *
 * Made for 8 bits; at 4 bits and fewer it clips much more than the squared error would.
 */
export const entropy = {
  name: 'entropy',
  description: 'least Kullback-Leibler divergence over a histogram (TensorRT)',
  create: (saved?) => {
    const { histogram, ...observer } = observeHistogram(saved);
    return {
      ...observer,
      fit: (spec) => {
        const seen = histogram();
        const range = levelRange(spec);
        const sides = sidesOf(seen, spec);
        const magnitudes = magnitudesOf(seen, sides);
        if (magnitudes.length === 0) return fitOf(1, 0);
        const groups = sides.below && sides.above ? Math.ceil(levelCount(range) / 2) : levelCount(range);
        const { low, high } = { low: sides.below ? seen.low : 0, high: sides.above ? seen.high : 0 };
        const clip = Math.min(Math.max(-low, high), bestLimit(magnitudes, groups) * seen.width);
        if (!spec.affine) return fitOf(clip / outermost(range), 0);
        return affineGrid({ low: Math.max(low, -clip), high: Math.min(high, clip) }, range);
      },
    };
  },
} as const satisfies Calibration;

/** The sides of zero that have levels. */
interface Sides {
  readonly below: boolean;
  readonly above: boolean;
}

function sidesOf({ low, high }: Histogram, spec: QuantSpec): Sides {
  if (spec.affine) return { below: low < 0, above: high > 0 };
  const { qmin, qmax } = levelRange(spec);
  return { below: qmin < 0, above: qmax > 0 };
}

/** Counts of magnitudes, up to the last that is not 0. */
function magnitudesOf({ counts }: Histogram, { below, above }: Sides): Float64Array {
  const zero = BINS / 2;
  const folded = Float64Array.from(
    { length: zero },
    (_, i) => (above ? (counts[zero + i] as number) : 0) + (below ? (counts[zero - 1 - i] as number) : 0),
  );
  return folded.subarray(0, folded.findLastIndex((count) => count > 0) + 1);
}

/**
 * How many bins to keep, for the least divergence. Logarithms of `P` are summed once for all limits, and those of `Q` are one for each group.
 *
 * @param counts not all 0
 */
export function bestLimit(counts: Float64Array, groups: number): number {
  const [sums, filled, logs] = [cumulative(counts, (n) => n), cumulative(counts, sign), cumulative(counts, timesLog)];
  const total = sums[counts.length] as number;
  let best = { limit: counts.length, divergence: Number.POSITIVE_INFINITY };
  for (let limit = Math.min(groups, counts.length); limit <= counts.length; limit++) {
    const kept = sums[limit] as number;
    const outliers = total - kept;
    const last = counts[limit - 1] as number;
    if (kept === 0 || (last === 0 && outliers > 0)) continue;
    let sum = (logs[limit] as number) - timesLog(last) + timesLog(last + outliers);
    for (let group = 0, from = 0; group < groups; group++) {
      const to = Math.ceil(((group + 1) * limit) / groups);
      const n = (sums[to] as number) - (sums[from] as number);
      const mass = to === limit ? n + outliers : n;
      if (n > 0) sum -= mass * Math.log(n / ((filled[to] as number) - (filled[from] as number)) / kept);
      from = to;
    }
    const divergence = sum / total - Math.log(total);
    if (divergence < best.divergence) best = { limit, divergence };
  }
  return best.limit;
}

function sign(n: number): number {
  return n > 0 ? 1 : 0;
}

function timesLog(n: number): number {
  return n > 0 ? n * Math.log(n) : 0;
}

/** Sums over `[0, i)` for every `i`. */
function cumulative(counts: Float64Array, of: (count: number) => number): Float64Array {
  const sums = new Float64Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) sums[i + 1] = (sums[i] as number) + of(counts[i] as number);
  return sums;
}
