/** Weights in the order of the WASM kernels: groups of 8 outputs, pairs of inputs, int16. */
import type { Conv2dNode } from '../../model.js';
import type { Machine } from './machine.js';

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

/** For F(3x3); the address. */
export function packWinograd3(machine: Machine, levels: ArrayLike<number>, shape: WeightShape): number {
  const { winograd3 } = filterTransforms;
  return shape.outChannels <= NARROW
    ? packWinograd(machine, twoTiles(levels, shape), { ...shape, ...wider(shape) }, winograd3)
    : packWinograd(machine, levels, shape, winograd3);
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

/** A transform of 3x3 filters: rows of the matrices on both sides. */
export interface FilterTransform {
  readonly rows: Rows;
  readonly columns: Rows;
}

/** The transforms of exact Winograd. */
export const filterTransforms = {
  winograd3: { rows: G3, columns: G3 },
  winograd4: { rows: G4, columns: G4_COLUMNS },
  winograd6: { rows: G6, columns: G6 },
} as const satisfies Record<string, FilterTransform>;

/** `[position][group][row of parts][pair of (part, i)][8][2]` of `U = G w G^T` of each 3x3 part of the kernel, from OHWI; the address. */
export function packWinograd(
  machine: Machine,
  levels: ArrayLike<number>,
  { kernel, inChannels, outChannels, padded }: WeightShape,
  { rows, columns }: FilterTransform,
): number {
  const [ph, pw] = partsOf(kernel);
  const position = groupsOf(outChannels) * ph * pw * padded * GROUP * 2;
  const to = machine.allocate(rows.length * columns.length * position);
  // Above what stays, where images will be.
  const factors = machine.end();
  const temp = factors + 16 * (rows.length + columns.length);
  const own = temp + 9 * 32;
  machine.reserve(own + 2 * levels.length);
  const { buffer } = machine.bytes();
  new Int32Array(buffer, factors).set([...rows.flat(), ...columns.flat()]);
  new Int16Array(buffer, own).set(levels);
  const sizes = [...kernel, inChannels, outChannels, padded] as const;
  machine.kernels.pack(own, ...sizes, factors, rows.length, columns.length, temp, to, position);
  // What is allocated next is to be zero.
  new Uint8Array(buffer).fill(0, factors, own + 2 * levels.length);
  return to;
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
