/**
 * A histogram that grows with its values and merges exactly.
 *
 * It has {@link BINS} equal bins over `[-2^e, 2^e)`, where `e` is the least exponent with `2^e > max |x|` over all values, so that the limit depends on the
 * values alone and not on their order. When a larger value comes, bins merge in groups of `2^k` around zero: `bin' = B/2 + ((bin - B/2) >> k)`, which is where
 * the wider bins would have counted the same values, since `floor(floor(y) / 2^k) = floor(y / 2^k)`. Powers of two make every step exact. Zeros have
 * a count of their own, and the least and greatest value are kept as they are.
 *
 * 16 KiB of memory. As text, a channel of a feature map with 5,000 values takes 1 to 2 kB (see `encodeCounts`).
 */
import { QuantError } from '../error.js';
import { decodeCounts, encodeCounts } from './bit-code.js';
import { badState, type Extent, extentOf, isCount, numberOf, type ObserverState, textOf } from './types.js';

/** Bins over both signs: one is at most 1/1024 of the greatest magnitude. */
export const BINS = 4096;

/** Values that one histogram may see: its counts are 32 bits. */
const MOST = 2 ** 32 - 1;

/** What a histogram has counted. */
export interface Histogram extends Extent {
  /** Values in `[width * (i - BINS / 2), width * (i + 1 - BINS / 2))`, zeros left out. */
  readonly counts: Uint32Array;
  readonly width: number;
  readonly zeros: number;
  /** All values, zeros included. */
  readonly total: number;
}

/** A histogram under observation. */
export interface HistogramObserver {
  readonly observe: (values: Float32Array) => void;
  readonly merge: (other: ObserverState) => void;
  readonly state: () => ObserverState;
  /** What was counted so far; do not keep it over the next call. */
  readonly histogram: () => Histogram;
}

/** State of a histogram that has seen nothing. */
const nothing: ObserverState = { low: 0, high: 0, zeros: 0, counts: encodeCounts([]) };

/**
 * A histogram, fresh or going on from its state.
 *
 * @throws QuantError for a state that is none
 */
export function observeHistogram(saved: ObserverState = nothing): HistogramObserver {
  let { low, high, zeros, counts, total } = parse(saved);

  const take = (more: Extent, arriving: number): void => {
    if (total + arriving > MOST) {
      throw new QuantError('observe', `values must be fewer than 2^32, got ${total + arriving}`, 'observe a sample');
    }
    const before = exponentOver({ low, high });
    low = Math.min(low, more.low);
    high = Math.max(high, more.high);
    total += arriving;
    counts = coarsened(counts, exponentOver({ low, high }) - before);
  };

  return {
    observe: (values) => {
      take(extentOf(values), values.length);
      const perUnit = 1 / widthOf({ low, high });
      for (let i = 0; i < values.length; i++) {
        const value = values[i] as number;
        if (value === 0) {
          zeros++;
          continue;
        }
        const bin = Math.floor(value * perUnit) + BINS / 2;
        counts[bin] = (counts[bin] as number) + 1;
      }
    },
    merge: (other) => {
      const { counts: added, zeros: addedZeros, total: arriving, ...extent } = parse(other);
      take(extent, arriving);
      zeros += addedZeros;
      const aligned = coarsened(added, exponentOver({ low, high }) - exponentOver(extent));
      for (let bin = 0; bin < BINS; bin++) counts[bin] = (counts[bin] as number) + (aligned[bin] as number);
    },
    state: () => ({ low, high, zeros, counts: encodeCounts(counts) }),
    histogram: () => ({ counts, low, high, zeros, total, width: widthOf({ low, high }) }),
  };
}

/** The least `e` with `2^e` greater than every magnitude; that of the least float32 when all are 0. */
function exponentOver({ low, high }: Extent): number {
  const largest = Math.max(-low, high);
  if (largest === 0) return -149;
  let exponent = Math.floor(Math.log2(largest));
  // A logarithm may be rounded past a power of two.
  while (2 ** exponent <= largest) exponent++;
  while (2 ** (exponent - 1) > largest) exponent--;
  return exponent;
}

function widthOf(extent: Extent): number {
  return 2 ** (exponentOver(extent) + 1) / BINS;
}

/** Counts in bins `2^doublings` times as wide. */
function coarsened(counts: Uint32Array, doublings: number): Uint32Array {
  if (doublings === 0) return counts;
  const merged = new Uint32Array(BINS);
  // A shift of 31 leaves 0 or -1, as every larger one would.
  const shift = Math.min(31, doublings);
  for (let bin = 0; bin < BINS; bin++) {
    const to = BINS / 2 + ((bin - BINS / 2) >> shift);
    merged[to] = (merged[to] as number) + (counts[bin] as number);
  }
  return merged;
}

function parse(state: ObserverState): Omit<Histogram, 'width'> {
  const low = numberOf(state, 'low', (value) => value <= 0);
  const high = numberOf(state, 'high', (value) => value >= 0);
  const zeros = numberOf(state, 'zeros', isCount);
  const counts = decodeCounts(
    textOf(state, 'counts', () => true),
    BINS,
  );
  const total = counts.reduce((sum, count) => sum + count, zeros);
  const width = widthOf({ low, high });
  const first = counts.findIndex((count) => count > 0);
  const last = counts.findLastIndex((count) => count > 0);
  const isInside = first < 0 || (first >= binOf(low, width) && last <= binOf(high, width));
  if (!isInside || total > MOST) throw badState('counts', state['counts']);
  return { low, high, zeros, counts, total };
}

function binOf(value: number, width: number): number {
  return Math.floor(value / width) + BINS / 2;
}
