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

/** `[position][group][pair][8][2]` of `U = G w G^T` from OHWI, 3x3. */
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
          packed[(position * groups + Math.floor(o / GROUP)) * padded * GROUP + place(i, o)] = u;
        }
      }
    }
  }
  return packed;
}

/** Index of input `i` and output `o` within `[pair][8][2]`. */
function place(i: number, o: number): number {
  return (i >> 1) * 2 * GROUP + (o % GROUP) * 2 + (i & 1);
}
