/**
 * Requantization: from an int32 accumulator to a level, with one rounding, in integers.
 *
 * A real factor `M > 0` becomes `m / 2^n` with `m` an int32 in `[2^30, 2^31)`, so the relative error of the factor is at most `2^-31`.
 */
import { QuantError } from './error.js';
import type { LevelRange } from './grids.js';
import { roundHalfEven } from './round.js';

/** A fixed-point factor `multiplier / 2^shift`. */
export interface FixedPoint {
  /** Integer in `[2^30, 2^31)`. */
  readonly multiplier: number;
  /** Integer in `[MIN_SHIFT, MAX_SHIFT]`. */
  readonly shift: number;
}

/** Smallest shift: factors stay below `2^14`, and the split product below stays exact. */
export const MIN_SHIFT = 17;
/** Largest shift: the rounding constant `2^(n-1)` stays within an int64 together with the product. */
export const MAX_SHIFT = 62;

/**
 * The fixed-point form of a real factor: the `n` for which `M * 2^n` lies in `[2^30, 2^31)`, and `m = roundHalfEven(M * 2^n)`.
 *
 * @param factor real factor in `[2^-32, 2^14)`
 * @throws QuantError outside that range
 *
 * @example
 * deriveMultiplier(0.5); // { multiplier: 1073741824, shift: 31 }
 */
export function deriveMultiplier(factor: number): FixedPoint {
  if (!(factor >= 2 ** -32 && factor < 2 ** 14)) {
    throw new QuantError(
      'deriveMultiplier',
      `factor must lie in [2^-32, 2^14), got ${factor}`,
      'check the scales on both sides of this tensor; recalibrate them',
    );
  }
  let shift = 30 - Math.floor(Math.log2(factor));
  // log2 may be one off next to a power of two.
  while (factor * 2 ** shift < 2 ** 30) shift++;
  while (factor * 2 ** shift >= 2 ** 31) shift--;
  let multiplier = roundHalfEven(factor * 2 ** shift);
  if (multiplier === 2 ** 31) {
    multiplier = 2 ** 30;
    shift--;
  }
  if (shift < MIN_SHIFT) return { multiplier: 2 ** 31 - 1, shift: MIN_SHIFT };
  return { multiplier, shift };
}

/**
 * `floor((acc * m + 2^(n-1)) / 2^n)` without a clamp: half toward +infinity.
 *
 * Exactness in doubles: write `m = h * 2^16 + l`. Then `acc * h` lies below `2^31 * 2^15 = 2^46` and `acc * l` below `2^47`; both are exact.
 * With `acc * l = a * 2^16 + r`, `0 <= r < 2^16`, the sum is `(acc * h + a + 2^(n-17)) * 2^16 + r`, and since `r < 2^16 <= 2^(n-1)` never carries
 * into the next multiple of `2^n`, the quotient is `floor((acc * h + a + 2^(n-17)) / 2^(n-16))`. The dividend is below `2^48` where
 * `n <= 62`, so adding and dividing by a power of two are exact too.
 *
 * @param acc int32
 */
export function scaleAccumulator(acc: number, { multiplier, shift }: FixedPoint): number {
  const high = Math.floor(multiplier / 65536);
  const low = multiplier - high * 65536;
  const head = acc * high + Math.floor((acc * low) / 65536);
  return Math.floor((head + 2 ** (shift - 17)) / 2 ** (shift - 16));
}

/**
 * `floor(acc * m / 2^n)`: {@link scaleAccumulator} without its rounding constant, exact by the same split.
 *
 * @param acc int32
 */
export function floorAccumulator(acc: number, { multiplier, shift }: FixedPoint): number {
  const high = Math.floor(multiplier / 65536);
  const low = multiplier - high * 65536;
  const head = acc * high + Math.floor((acc * low) / 65536);
  return Math.floor(head / 2 ** (shift - 16));
}

/**
 * A level from an accumulator, with a 64-bit product and one rounding, half toward +infinity.
 *
 * - spacing 1: `q = clamp(((acc * m + 2^(n-1)) >> n) + z, qmin, qmax)`
 * - spacing 2 (mid-rise): the nearest odd number, `q = clamp(2 * ((acc * m) >> (n + 1)) + 1, qmin, qmax)`, since `floor(r / 2)` is the index of the step that
 *   holds `r`
 *
 * @param acc int32
 * @param zeroPoint the level that stands for 0; 0 where spacing is 2
 *
 * @example
 * requantize(3, deriveMultiplier(0.5), 0, { qmin: -8, qmax: 7, spacing: 1 });  // 2: 1.5 goes up
 * requantize(-3, deriveMultiplier(0.5), 0, { qmin: -8, qmax: 7, spacing: 1 }); // -1: -1.5 goes up
 * requantize(-3, deriveMultiplier(0.5), 0, { qmin: -7, qmax: 7, spacing: 2 }); // -1: -1.5 lies between -2 and 0
 */
export function requantize(acc: number, factor: FixedPoint, zeroPoint: number, range: LevelRange): number {
  const { qmin, qmax, spacing } = range;
  const q =
    spacing === 1
      ? scaleAccumulator(acc, factor) + zeroPoint
      : 2 * floorAccumulator(acc, { ...factor, shift: factor.shift + 1 }) + 1;
  return q < qmin ? qmin : q > qmax ? qmax : q;
}
