/** Weights in the order of the WASM kernels: groups of 8 outputs, pairs of inputs, int16. */
import type { Conv2dNode } from '../../model.js';

/** What a packing needs to know. */
export interface WeightShape extends Pick<Conv2dNode, 'kernel' | 'inChannels' | 'outChannels'> {
  /** Channels of the staged input: `inChannels` rounded up. */
  readonly padded: number;
}

/** Outputs of a group. */
const GROUP = 8;

/** Groups of 8 outputs. */
export const groupsOf = (outChannels: number): number => Math.ceil(outChannels / GROUP);

/** `[group][ky][pair of (kx, i)][8][2]` from OHWI. */
export function packDirect(levels: ArrayLike<number>, shape: WeightShape): Int16Array {
  const [kh, kw] = shape.kernel;
  const { inChannels, outChannels, padded } = shape;
  const run = kw * padded;
  const packed = new Int16Array(groupsOf(outChannels) * kh * run * GROUP);
  for (let o = 0; o < outChannels; o++) {
    for (let ky = 0; ky < kh; ky++) {
      for (let kx = 0; kx < kw; kx++) {
        for (let i = 0; i < inChannels; i++) {
          const at = (Math.floor(o / GROUP) * kh + ky) * run * GROUP + place(kx * padded + i, o);
          packed[at] = levels[((o * kh + ky) * kw + kx) * inChannels + i] as number;
        }
      }
    }
  }
  return packed;
}

/**
 * Rows of the scaled `G` of F(4x4, 3x3), with what they take over of the factors (6, 4, 4, 1, 1, 24) of the output transform: as much as fits int16 for weights of +-255.
 */
const G4 = [
  [6, 0, 0],
  [-4, -4, -4],
  [-4, 4, -4],
  [1, 2, 4],
  [1, -2, 4],
  [0, 0, 8],
] as const;
/** The same for columns. */
const G4_COLUMNS = [[6, 0, 0], [-2, -2, -2], [-2, 2, -2], G4[3], G4[4], G4[5]] as const;

/** Rows of the scaled `G` of F(6x6, 3x3), with the factors (45, 20, 20, 1, 1, 1, 1, 45) of (90, 20, 20, 1, 1, 1, 1, 90). */
const G6 = [
  [45, 0, 0],
  [-20, -20, -20],
  [-20, 20, -20],
  [1, 2, 4],
  [1, -2, 4],
  [4, 2, 1],
  [4, -2, 1],
  [0, 0, 45],
] as const;

/** For F(4x4). */
export const packWinograd4 = (levels: ArrayLike<number>, shape: WeightShape): Int16Array =>
  packWinograd(levels, shape, G4, G4_COLUMNS);
/** For F(6x6). */
export const packWinograd6 = (levels: ArrayLike<number>, shape: WeightShape): Int16Array =>
  packWinograd(levels, shape, G6, G6);

type Rows = readonly (readonly [number, number, number])[];

/** Rows of the scaled `G` of F(3x3, 3x3) times the factors of the output transform: (3, 3, 1, 1, 6). */
const G3 = [
  [3, 0, 0],
  [-3, -3, -3],
  [-1, 1, -1],
  [1, 2, 4],
  [0, 0, 6],
] as const;

/** Most outputs for which a group of 8 is two neighbouring tiles by 4 outputs; `assembly/winograd3.ts` has the same. */
const NARROW = 4;

/** For F(3x3). */
export function packWinograd3(levels: ArrayLike<number>, shape: WeightShape): Int16Array {
  return shape.outChannels <= NARROW
    ? packWinograd(twoTiles(levels, shape), { ...shape, ...wider(shape) }, G3, G3)
    : packWinograd(levels, shape, G3, G3);
}

/** A kernel for two tiles: a part wider, its first four outputs the first tile's, the others those of the tile that is 3 columns further. */
const wider = ({ kernel: [kh, kw] }: WeightShape) =>
  ({ kernel: [kh, 3 * Math.ceil(kw / 3) + 3], outChannels: 2 * NARROW }) as const;

function twoTiles(levels: ArrayLike<number>, shape: WeightShape): Int16Array {
  const [kh, kw] = shape.kernel;
  const row = wider(shape).kernel[1] * shape.inChannels;
  const wide = new Int16Array(2 * NARROW * kh * row);
  const run = kw * shape.inChannels;
  for (let o = 0; o < shape.outChannels; o++) {
    for (let ky = 0; ky < kh; ky++) {
      const from = (o * kh + ky) * run;
      for (let i = 0; i < run; i++) {
        wide[(o * kh + ky) * row + i] = levels[from + i] as number;
        wide[((o + NARROW) * kh + ky) * row + 3 * shape.inChannels + i] = levels[from + i] as number;
      }
    }
  }
  return wide;
}

/** `[position][group][row of parts][pair of (part, i)][8][2]` of `U = G w G^T` of each 3x3 part of the kernel, from OHWI. */
function packWinograd(levels: ArrayLike<number>, shape: WeightShape, rows: Rows, columns: Rows): Int16Array {
  const [kh, kw] = shape.kernel;
  const { inChannels, outChannels, padded } = shape;
  const [ph, pw] = partsOf(shape.kernel);
  const run = pw * padded * GROUP;
  const size = groupsOf(outChannels) * ph * run;
  const packed = new Int16Array(rows.length * columns.length * size);
  const [g, gColumns] = [Int32Array.from(rows.flat()), Int32Array.from(columns.flat())];
  const w = new Int32Array(9);
  for (let o = 0; o < outChannels; o++) {
    for (let py = 0; py < ph; py++) {
      for (let px = 0; px < pw; px++) {
        const to = (Math.floor(o / GROUP) * ph + py) * run;
        for (let i = 0; i < inChannels; i++) {
          for (let tap = 0; tap < 9; tap++) {
            const [ky, kx] = [3 * py + Math.floor(tap / 3), 3 * px + (tap % 3)];
            // Past the kernel's edge there is nothing.
            w[tap] = ky < kh && kx < kw ? (levels[((o * kh + ky) * kw + kx) * inChannels + i] as number) : 0;
          }
          transform(w, g, gColumns, packed, to + place(px * padded + i, o), size);
        }
      }
    }
  }
  return packed;
}

/** `G w G^T` of a 3x3 filter, row by row, its values `step` apart from `at` on. */
function transform(
  w: Int32Array,
  rows: Int32Array,
  columns: Int32Array,
  out: Int16Array,
  at: number,
  step: number,
): void {
  let to = at;
  for (let p = 0; p < rows.length; p += 3) {
    const [g0, g1, g2] = [rows[p] as number, rows[p + 1] as number, rows[p + 2] as number];
    const left = g0 * (w[0] as number) + g1 * (w[3] as number) + g2 * (w[6] as number);
    const middle = g0 * (w[1] as number) + g1 * (w[4] as number) + g2 * (w[7] as number);
    const right = g0 * (w[2] as number) + g1 * (w[5] as number) + g2 * (w[8] as number);
    for (let q = 0; q < columns.length; q += 3) {
      out[to] =
        left * (columns[q] as number) + middle * (columns[q + 1] as number) + right * (columns[q + 2] as number);
      to += step;
    }
  }
}

/** Rows and columns of the 3x3 parts of a kernel. */
export const partsOf = ([kh, kw]: readonly [number, number]): readonly [number, number] => [
  Math.ceil(kh / 3),
  Math.ceil(kw / 3),
];

/** Index of input `i` and output `o` within `[pair][8][2]`. */
function place(i: number, o: number): number {
  return (i >> 1) * 2 * GROUP + (o % GROUP) * 2 + (i & 1);
}
