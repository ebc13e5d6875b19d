/** A requantization's constants in memory, as the kernels read them. */
import { MAX_SHIFT } from '@fqsr/quant-core/spec';
import type { FactorKeys, IntegerTensor, RequantizeNode } from '../../model.js';

/** 32-bit fields of a tail, by index; `assembly/requantize.ts` reads the same. */
export const tailFields = {
  to: 0,
  width: 1,
  channels: 2,
  hasNegative: 3,
  groupShifts: 4,
  half: 5,
  zero: 6,
  qmin: 7,
  qmax: 8,
  multipliers: 9,
  factors: 10,
  negativeMultipliers: 11,
  negativeFactors: 12,
  table: 13,
  tableLow: 14,
  tableLast: 15,
  shifts: 16,
  negativeShifts: 17,
  ring: 18,
} as const;

/** Bytes of a tail. */
export const TAIL_BYTES = 80;

/** Multipliers and shifts of all channels, the mid-rise grid's extra shift included. */
export interface ChannelFactors {
  readonly multipliers: Int32Array;
  readonly shifts: Uint8Array;
}

/** One entry for each channel, padded with zeros to a multiple of 8. */
export function channelFactors(
  keys: FactorKeys,
  channels: number,
  extraShift: number,
  tensor: (key: string) => IntegerTensor,
): ChannelFactors {
  const [multiplier, shift] = [tensor(keys.multiplier), tensor(keys.shift)];
  const size = Math.ceil(channels / 8) * 8;
  const at = (source: IntegerTensor, c: number) => source[source.length === 1 ? 0 : c] as number;
  const multipliers = new Int32Array(size);
  const shifts = new Uint8Array(size).fill(MAX_SHIFT);
  for (let c = 0; c < channels; c++) {
    multipliers[c] = at(multiplier, c);
    shifts[c] = at(shift, c) + extraShift;
  }
  return { multipliers, shifts };
}

/** The shift that each group of 8 channels shares, 0 for none, and the powers of two that bring each channel to it. */
export interface GroupShifts {
  readonly shifts: Int32Array;
  readonly factors: Int32Array;
  readonly negativeFactors: Int32Array;
}

/** The least shift that a group may share: the kernel adds halves to the high 32 bits of products. */
const LEAST = 33;

/**
 * A group shares its largest shift `N` if every accumulator times `2^(N - n)` stays an int32 and every product below 2^62, so that its high half with the half added
 * stays an int32.
 *
 * @param bound of the accumulators' magnitude
 */
export function groupShifts(above: ChannelFactors, below: ChannelFactors, bound: number): GroupShifts {
  const size = above.shifts.length;
  const shifts = new Int32Array(size / 8);
  const factors = new Int32Array(size);
  const negativeFactors = new Int32Array(size);
  for (let first = 0; first < size; first += 8) {
    const shared = Math.max(largestShift(above, first), largestShift(below, first));
    if (shared > MAX_SHIFT || !fits(above, first, shared, bound) || !fits(below, first, shared, bound)) continue;
    shifts[first / 8] = shared;
    for (let c = first; c < first + 8; c++) {
      factors[c] = factorTo(shared, above, c);
      negativeFactors[c] = factorTo(shared, below, c);
    }
  }
  return { shifts, factors, negativeFactors };
}

/** Of a group's channels in use. */
function largestShift({ multipliers, shifts }: ChannelFactors, first: number): number {
  let largest = LEAST;
  for (let c = first; c < first + 8; c++) if (multipliers[c] !== 0) largest = Math.max(largest, shifts[c] as number);
  return largest;
}

function fits(of: ChannelFactors, first: number, shared: number, bound: number): boolean {
  for (let c = first; c < first + 8; c++) {
    const reach = bound * factorTo(shared, of, c);
    if (reach >= 2 ** 31 || reach * Math.abs(of.multipliers[c] as number) >= 2 ** 62) return false;
  }
  return true;
}

/** 0 for a channel that is not in use. */
function factorTo(shared: number, { multipliers, shifts }: ChannelFactors, c: number): number {
  return multipliers[c] === 0 ? 0 : 2 ** (shared - (shifts[c] as number));
}

/** The value of `half`: whether half a level is added before the shift. */
export const roundsHalf = ({ grid }: RequantizeNode): number => (grid.spacing === 2 ? 0 : 1);
