/**
 * Integer grids: which levels a tensor of `bits` bits may take. A grid is a table entry; nothing else knows its levels.
 */
import { QuantError } from './error.js';

/** Name of a grid. `midtread` grids have an exact zero; `midrise` grids have a step's edge there, and levels on both sides of it. */
export type GridName = 'midtread' | 'midrise';

/** What decides the levels of a grid. */
export interface GridShape {
  /** Width in bits, 1..8. */
  readonly bits: number;
  /** Whether levels lie on both sides of zero. */
  readonly signed: boolean;
  readonly grid: GridName;
  /** Leaves out the lowest signed level, which makes a mid-tread grid symmetric. */
  readonly narrow: boolean;
}

/** The levels of a grid: `qmin, qmin + spacing, ..., qmax`. */
export interface LevelRange {
  readonly qmin: number;
  readonly qmax: number;
  /** Distance between neighbouring levels: 1, or 2 on mid-rise grids, whose levels are odd. */
  readonly spacing: 1 | 2;
}

const ranges = {
  midtread: ({ bits, signed, narrow }) => {
    if (!signed) return { qmin: 0, qmax: 2 ** bits - 1, spacing: 1 };
    const half = 2 ** (bits - 1);
    return { qmin: narrow ? 1 - half : -half, qmax: half - 1, spacing: 1 };
  },
  midrise: ({ bits, signed }) => {
    const top = 2 ** bits - 1;
    return signed ? { qmin: -top, qmax: top, spacing: 2 } : { qmin: 1, qmax: 2 * top + 1, spacing: 2 };
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
 * | midrise | no | the odd numbers `1 .. 2^(b+1) - 1` |
 * | midrise | yes | the odd numbers `-(2^b - 1) .. 2^b - 1`: FQSR's full range `a * (2k - n) / n`, `n = 2^b - 1`, in units of `a / n` |
 *
 * One mid-rise bit is a sign, `-1` or `1`; two narrow mid-tread bits are ternary.
 *
 * @throws QuantError when bits lie outside 1..8, no level but zero would be left (1 bit, signed and narrow), or a mid-rise grid is to be narrow.
 *
 * @example
 * levelRange({ bits: 4, signed: true, grid: 'midtread', narrow: true }); // { qmin: -7, qmax: 7, spacing: 1 }
 * levelRange({ bits: 2, signed: true, grid: 'midrise', narrow: false }); // { qmin: -3, qmax: 3, spacing: 2 }: -3, -1, 1, 3
 */
export function levelRange(shape: GridShape): LevelRange {
  const { bits } = shape;
  if (!Number.isInteger(bits) || bits < 1 || bits > 8) {
    throw new QuantError('levelRange', `bits must be an integer from 1 to 8, got ${bits}`, 'choose 1 to 8 bits');
  }
  if (shape.grid === 'midrise' && shape.narrow) {
    throw new QuantError('levelRange', 'narrow must be false on a midrise grid, got true', 'it is symmetric already');
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

/** How many levels a range has; at most `2^b`. */
export function levelCount({ qmin, qmax, spacing }: LevelRange): number {
  return (qmax - qmin) / spacing + 1;
}

/**
 * The code of a level: its index from the lowest one, `0 .. 2^b - 1`. What is stored where levels do not fit `bits` bits, as on mid-rise grids.
 *
 * @example
 * levelToCode(-1, { qmin: -3, qmax: 3, spacing: 2 }); // 1
 */
export function levelToCode(level: number, { qmin, spacing }: LevelRange): number {
  return (level - qmin) / spacing;
}

/** The level of a code; the inverse of {@link levelToCode}. */
export function codeToLevel(code: number, { qmin, spacing }: LevelRange): number {
  return qmin + code * spacing;
}
