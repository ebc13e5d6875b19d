/**
 * Factors for arithmetic in float32. ONNX Runtime's QLinearConv rounds twice: the product of sum and factor to float32, and that to a level, ties to even. The runtime rounds the exact product once, ties
 * up. The two part where a product lies within half a unit of float32 of a tie. There is one such sum at most on each side of each boundary between levels, so all of them can be tried.
 */
import { roundHalfEven } from '@fqsr/quant-core/spec';

/** A factor `multiplier / 2^shift`, multiplier above 0. */
export interface ExactFactor {
  readonly multiplier: number;
  readonly shift: number;
}

/** A float32 factor, and how many boundaries between levels it puts one sum to the wrong side of. */
export interface FloatFactor {
  readonly factor: number;
  readonly misplaced: number;
}

/** Distances to the nearest float32, in units of its last place, that are tried. */
const neighbours = [0, 1, -1, 2, -2] as const;

/**
 * The float32 factor that misplaces the fewest boundaries between the values `low` and `high`, counted from the zero point.
 *
 * @example
 * floatFactor({ multiplier: 2 ** 30, shift: 31 }, 0, 3); // { factor: 0.5000000596046448, misplaced: 0 }: just above 1/2, so that 1/2 and 5/2 are no ties
 */
export function floatFactor(exact: ExactFactor, low: number, high: number): FloatFactor {
  const sums = thresholds(exact, low, high);
  let best: FloatFactor | null = null;
  for (const steps of neighbours) {
    const factor = neighbour(exact.multiplier * 2 ** -exact.shift, steps);
    const misplaced = sums.reduce((count, sum, i) => {
      const above = low + i + 1;
      return level(sum, factor) >= above && level(sum - 1, factor) < above ? count : count + 1;
    }, 0);
    if (!best || misplaced < best.misplaced) best = { factor, misplaced };
    if (misplaced === 0) break;
  }
  return best as FloatFactor;
}

/** For every value above `low`, the least sum whose level it is: `ceil((2 v - 1) 2^(n-1) / m)`. */
function thresholds({ multiplier, shift }: ExactFactor, low: number, high: number): readonly number[] {
  const m = BigInt(multiplier);
  const half = 1n << BigInt(shift - 1);
  return Array.from({ length: Math.max(0, high - low) }, (_, i) => {
    const numerator = BigInt(2 * (low + i + 1) - 1) * half;
    const floor = numerator / m;
    // BigInt division goes to zero: up for what is negative.
    return Number(numerator > 0n && floor * m !== numerator ? floor + 1n : floor);
  });
}

/** What QLinearConv makes of a sum, counted from the zero point. */
function level(sum: number, factor: number): number {
  return roundHalfEven(Math.fround(Math.fround(sum) * factor));
}

/** The float32 so many units in the last place away. */
function neighbour(value: number, steps: number): number {
  const bits = new Int32Array(Float32Array.of(value).buffer);
  bits[0] = (bits[0] as number) + steps;
  return new Float32Array(bits.buffer)[0] as number;
}
