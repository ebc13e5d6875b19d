/**
 * The scalar integer truth of quantization. Every kernel of every backend equals these functions exactly.
 */
import type { LevelRange } from './grids.js';
import { clamp, roundHalfEven } from './round.js';

/**
 * The level nearest to a value in steps, without a clamp, ties to the level of even index.
 *
 * Spacing 1: `roundHalfEven(r)`. Spacing 2, where levels are odd: `2 * roundHalfEven((r - 1) / 2) + 1`, computed without the subtraction, which would round:
 * with `h = r / 2` that is `2 * floor(h) + 1`, and one level less where `h` is an odd integer, the ties that go down. Zero goes up, to level 1.
 *
 * @param r any double; infinities come back
 */
export function nearestLevel(r: number, spacing: 1 | 2): number {
  if (spacing === 1) return roundHalfEven(r);
  const half = r / 2;
  const floor = Math.floor(half);
  const isOddTie = floor === half && Math.abs(floor % 2) === 1;
  return 2 * floor + (isOddTie ? -1 : 1);
}

/**
 * The level of a real value: `q = clamp(nearestLevel(x / s) + z, qmin, qmax)`, rounding half to even.
 *
 * @param x real value
 * @param scale step of the grid, > 0, in units of `x`; on mid-rise grids half the distance between neighbours
 * @param zeroPoint the level that stands for 0
 * @returns a level; infinities give the outermost one, NaN gives NaN
 *
 * @example
 * quantize(0.75, 0.5, 0, { qmin: -8, qmax: 7, spacing: 1 }); // 2, since 1.5 ties to even
 * quantize(0, 0.5, 0, { qmin: -3, qmax: 3, spacing: 2 }); // 1: a mid-rise grid has no zero
 */
export function quantize(x: number, scale: number, zeroPoint: number, range: LevelRange): number {
  return clamp(nearestLevel(x / scale, range.spacing) + zeroPoint, range.qmin, range.qmax);
}

/** The real value of a level: `x = (q - z) * s`. */
export function dequantize(q: number, scale: number, zeroPoint: number): number {
  return (q - zeroPoint) * scale;
}

/**
 * A bias in units of the accumulator: `roundHalfEven(b / (sx * sw))`, limited to int32.
 *
 * @param bias real bias
 * @param accScale step of the accumulator, input step times weight step
 */
export function quantizeBias(bias: number, accScale: number): number {
  return clamp(roundHalfEven(bias / accScale), -(2 ** 31), 2 ** 31 - 1);
}
