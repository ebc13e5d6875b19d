/**
 * The scalar integer truth of quantization. Every kernel of every backend equals these functions exactly.
 */
import type { LevelRange } from './grids.js';
import { clamp, roundHalfEven } from './round.js';

/**
 * The level of a real value: `q = clamp(roundHalfEven(x / s) + z, qmin, qmax)`.
 *
 * @param x real value
 * @param scale step of the grid, > 0, in units of `x`
 * @param zeroPoint the level that stands for 0
 * @returns a level; infinities give the outermost one, NaN gives NaN
 *
 * @example
 * quantize(0.75, 0.5, 0, { qmin: -8, qmax: 7 }); // 2, since 1.5 ties to even
 */
export function quantize(x: number, scale: number, zeroPoint: number, { qmin, qmax }: LevelRange): number {
  return clamp(roundHalfEven(x / scale) + zeroPoint, qmin, qmax);
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
