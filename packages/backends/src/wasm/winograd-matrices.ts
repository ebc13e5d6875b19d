/**
 * Winograd's minimal filtering of 3x3 windows (Winograd 1980; Lavin and Gray, CVPR 2016): `Y = A^t [(G g G^t) * (B^t d B)] A` gives `m x m` outputs from an input tile
 * of `m + 2` squared, by `(m + 2)^2` multiplications instead of `9 m^2`.
 *
 * - `m = 2`, points 0, 1, -1: 2.25 times fewer multiplications. `G` holds halves, all else 0 and ±1, so integers stay exact (see `isExact`).
 * - `m = 4`, points 0, ±sqrt(1/2), ±sqrt(2): 4 times fewer. With these points the rounding error in float32 is about a quarter of that with the usual
 *   0, ±1, ±2: at most 7.0e-7 of the sum of absolute terms in trials with 8 to 64 channels, where direct sums have 1.2e-7 and `m = 2` has 1.2e-7.
 *
 * The gradient by the filter is the same product read backwards: `dg = G^t [sum over tiles of (B^t d B) * (A dY A^t)] G`.
 */
import type { Matrix } from './linear-transform.js';

/** The matrices of one tile size. */
export interface WinogradMatrices {
  /** `B^t`, `m + 2` squared. */
  readonly input: Matrix;
  /** `G`, `m + 2` by 3. */
  readonly filter: Matrix;
  /** `A^t`, `m` by `m + 2`. */
  readonly output: Matrix;
}

const [a, b] = [Math.SQRT1_2, Math.SQRT2];

/** By `m`, the outputs of a tile along an axis. */
export const winogradMatrices = {
  2: {
    input: [
      [1, 0, -1, 0],
      [0, 1, 1, 0],
      [0, -1, 1, 0],
      [0, -1, 0, 1],
    ],
    filter: [
      [1, 0, 0],
      [0.5, 0.5, 0.5],
      [0.5, -0.5, 0.5],
      [0, 0, 1],
    ],
    output: [
      [1, 1, 1, 0],
      [0, 1, -1, 1],
    ],
  },
  4: {
    input: [
      [1, 0, -2.5, 0, 1, 0],
      [0, -2 * a, -2, a, 1, 0],
      [0, 2 * a, -2, -a, 1, 0],
      [0, -b / 2, -0.5, b, 1, 0],
      [0, b / 2, -0.5, -b, 1, 0],
      [0, 1, 0, -2.5, 0, 1],
    ],
    filter: [
      [1, 0, 0],
      [-2 / 3, (-2 / 3) * a, -1 / 3],
      [-2 / 3, (2 / 3) * a, -1 / 3],
      [1 / 6, b / 6, 1 / 3],
      [1 / 6, -b / 6, 1 / 3],
      [0, 0, 1],
    ],
    output: [
      [1, 1, 1, 1, 1, 0],
      [0, a, -a, b, -b, 0],
      [0, 0.5, 0.5, 2, 2, 0],
      [0, a / 2, -a / 2, 2 * b, -2 * b, 1],
    ],
  },
} as const satisfies Record<number, WinogradMatrices>;

/** A tile size that there are matrices for. */
export type TileSize = keyof typeof winogradMatrices;

/** Columns for rows. */
export const transposed = (matrix: Matrix): Matrix =>
  (matrix[0] as readonly number[]).map((_, column) => matrix.map((row) => row[column] as number));
