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

/** Rows of the scaled `G` of F(4x4, 3x3). */
const G = [
  [1, 0, 0],
  [-1, -1, -1],
  [-1, 1, -1],
  [1, 2, 4],
  [1, -2, 4],
  [0, 0, 1],
] as const;

/** What rows and columns of `U` take over of the factors (6, 4, 4, 1, 1, 24) of the output transform: as much as fits int16 for weights of +-255. */
const ROW_FACTORS = [6, 4, 4, 1, 1, 8] as const;
const COLUMN_FACTORS = [6, 2, 2, 1, 1, 8] as const;

/** `[position][group][pair][8][2]` of `U = G w G^T`, by position times its factors, from OHWI, 3x3. */
export function packWinograd(levels: ArrayLike<number>, shape: WeightShape): Int16Array {
  const { inChannels, outChannels, padded } = shape;
  const groups = groupsOf(outChannels);
  const packed = new Int16Array(36 * groups * padded * GROUP);
  for (let o = 0; o < outChannels; o++) {
    for (let i = 0; i < inChannels; i++) {
      const w = (ky: number, kx: number) => levels[(o * 9 + ky * 3 + kx) * inChannels + i] as number;
      for (const [p, row] of G.entries()) {
        for (const [q, column] of G.entries()) {
          let u = 0;
          for (let ky = 0; ky < 3; ky++) {
            for (let kx = 0; kx < 3; kx++) u += (row[ky] as number) * (column[kx] as number) * w(ky, kx);
          }
          const position = p * 6 + q;
          const factor = (ROW_FACTORS[p] as number) * (COLUMN_FACTORS[q] as number);
          packed[(position * groups + Math.floor(o / GROUP)) * padded * GROUP + place(i, o)] = factor * u;
        }
      }
    }
  }
  return packed;
}

/** Rows of the scaled `G` of F(3x3, 3x3) times the factors of the output transform: (3, 3, 1, 1, 6). */
const G3 = [
  [3, 0, 0],
  [-3, -3, -3],
  [-1, 1, -1],
  [1, 2, 4],
  [0, 0, 6],
] as const;

/** `[position][group][row of parts][pair of (part, i)][8][2]` of `U = G w G^T` of each 3x3 part of the kernel, from OHWI. */
export function packNested(levels: ArrayLike<number>, shape: WeightShape): Int16Array {
  const [kh, kw] = shape.kernel;
  const { inChannels, outChannels, padded } = shape;
  const [ph, pw] = partsOf(shape.kernel);
  const size = groupsOf(outChannels) * ph * pw * padded * GROUP;
  const packed = new Int16Array(25 * size);
  const parts = new Float64Array(outChannels * ph * pw * inChannels);
  const w = (o: number, ky: number, kx: number, i: number) =>
    ky < kh && kx < kw ? (levels[((o * kh + ky) * kw + kx) * inChannels + i] as number) : 0;
  for (const [p, row] of G3.entries()) {
    for (const [q, column] of G3.entries()) {
      let at = 0;
      for (let o = 0; o < outChannels; o++) {
        for (let part = 0; part < ph * pw; part++) {
          const [y, x] = [3 * Math.floor(part / pw), 3 * (part % pw)];
          for (let i = 0; i < inChannels; i++) {
            let u = 0;
            for (const [ky, a] of row.entries()) {
              for (const [kx, b] of column.entries()) u += a * b * w(o, y + ky, x + kx, i);
            }
            parts[at++] = u;
          }
        }
      }
      packed.set(packDirect(parts, { ...shape, kernel: [ph, pw] }), (p * 5 + q) * size);
    }
  }
  return packed;
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
