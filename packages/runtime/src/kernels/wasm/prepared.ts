/** How a convolution is prepared for each algorithm. */
import type { Algorithm } from './algorithm.js';
import type { Machine } from './machine.js';
import { store } from './structs.js';
import { filterTransforms, packDirect, packWinograd, packWinograd3, partsOf, type WeightShape } from './weights.js';

/** Rows and columns of a block, but for shuffles and some algorithms. */
export const ROWS = 4;
export const COLUMNS = 64;

/** How a convolution is prepared for an algorithm. */
export interface Prepared {
  /** What the kernels call it. */
  readonly number: number;
  /** Input channels are padded to a multiple of this. */
  readonly multiple: number;
  /** Rows and columns of a block. */
  readonly rows: number;
  readonly columns: number;
  /** Packs weights into a machine; their address. */
  pack(machine: Machine, levels: ArrayLike<number>, shape: WeightShape): number;
  /** Bytes that a block needs beside its accumulators: staged values, transformed ones, products; a gap of 64 bytes follows each position's. */
  staged(shape: WeightShape): number;
}

/** By name. */
export const algorithms: Readonly<Record<Algorithm, Prepared>> = {
  direct: {
    number: 0,
    multiple: 2,
    rows: ROWS,
    columns: COLUMNS,
    pack: (machine, levels, shape) => store(machine, packDirect(levels, shape)),
    // A tile reads 3 pixels past the last column.
    staged: ({ kernel: [kh, kw], padded }) => (ROWS - 1 + kh) * (COLUMNS - 1 + kw + 3) * 2 * padded,
  },
  winograd4: {
    number: 1,
    multiple: 8,
    rows: ROWS,
    columns: COLUMNS,
    pack: (machine, levels, shape) => packWinograd(machine, levels, shape, filterTransforms.winograd4),
    staged: ({ padded }) => 6 * 66 * 2 * padded + 36 * (16 * 2 * padded + 64) + 36 * (16 * 256 + 64),
  },
  winograd3: {
    number: 2,
    multiple: 8,
    rows: 12,
    columns: 48,
    pack: packWinograd3,
    staged: ({ kernel, padded }) => {
      const [ph, pw] = partsOf(kernel);
      const [down, across] = [4 + ph - 1, 16 + pw - 1];
      const pixels = (3 * down + 2) * (3 * across + 2) + 25 * down * across;
      return pixels * 2 * padded + 25 * 64 + 25 * (16 * 256 + 64);
    },
  },
  winograd6: {
    number: 3,
    multiple: 8,
    rows: 6,
    columns: 48,
    pack: (machine, levels, shape) => packWinograd(machine, levels, shape, filterTransforms.winograd6),
    staged: ({ padded }) => 8 * 50 * 2 * padded + 64 * (8 * 2 * padded + 64) + 64 * (8 * 256 + 64),
  },
};
