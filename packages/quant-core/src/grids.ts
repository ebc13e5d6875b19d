/**
 * Integer grids: which levels a tensor of `bits` bits may take. A grid is a table entry; nothing else knows its levels.
 */
import { QuantError } from './error.js';

/** Name of a grid. `midtread` grids have an exact zero. */
export type GridName = 'midtread';

/** What decides the levels of a grid. */
export interface GridShape {
  /** Width in bits, 1..8. */
  readonly bits: number;
  /** Whether levels lie on both sides of zero. */
  readonly signed: boolean;
  readonly grid: GridName;
  /** Leaves out the lowest signed level, which makes the grid symmetric. */
  readonly narrow: boolean;
}

/** Lowest and highest level of a grid, both inclusive. */
export interface LevelRange {
  readonly qmin: number;
  readonly qmax: number;
}

const ranges = {
  midtread: ({ bits, signed, narrow }) => {
    if (!signed) return { qmin: 0, qmax: 2 ** bits - 1 };
    const half = 2 ** (bits - 1);
    return { qmin: narrow ? 1 - half : -half, qmax: half - 1 };
  },
} satisfies Record<GridName, (shape: GridShape) => LevelRange>;

/** The names of all grids. */
export const gridNames = Object.keys(ranges) as readonly GridName[];

/**
 * The levels of a grid.
 *
 * | grid | signed | levels |
 * | --- | --- | --- |
 * | midtread | no | `0 .. 2^b - 1` |
 * | midtread | yes | `-2^(b-1) .. 2^(b-1) - 1`; narrow: `-(2^(b-1) - 1) .. 2^(b-1) - 1` |
 *
 * @throws QuantError when bits lie outside 1..8, or no level but zero would be left (1 bit, signed and narrow).
 *
 * @example
 * levelRange({ bits: 4, signed: true, grid: 'midtread', narrow: true }); // { qmin: -7, qmax: 7 }
 */
export function levelRange(shape: GridShape): LevelRange {
  const { bits } = shape;
  if (!Number.isInteger(bits) || bits < 1 || bits > 8) {
    throw new QuantError('levelRange', `bits must be an integer from 1 to 8, got ${bits}`, 'choose 1 to 8 bits');
  }
  const range = ranges[shape.grid](shape);
  if (range.qmin === range.qmax) {
    throw new QuantError(
      'levelRange',
      `a grid must have two levels or more, got 1-bit signed narrow ${shape.grid}`,
      'use 2 bits, or a grid that is not narrow',
    );
  }
  return range;
}
