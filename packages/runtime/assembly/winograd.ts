/**
 * Exact Winograd F(4x4, 3x3) in integers.
 *
 * `V = B^T d B` of 6x6 values, with the usual `B^T`; `U = G' w G'^T` with the rows of `G` scaled by (4, 6, 6, 24, 24, 1) to integers; then
 * `A'^T (U * V summed over channels) A'` with the columns of `A^T` times `f = 24 / scale = (6, 4, 4, 1, 1, 24)` is `576 * Y`, in Z/2^32, whatever the sums are.
 * 576 = 64 * 9: times the inverse of 9, an arithmetic shift by 6 gives Y where |Y| < 2^25.
 *
 * Bounds: the rows of `B^T` have sums of positive and of negative entries of at most 5 and 5, but for one of 2 and 8; of all products of two rows that of the latter with
 * itself is the largest, 68 and 32. So values in `[low, high]`, 0 among them, give `|V| <= max(68 high - 32 low, 32 high - 68 low, 50 high - 50 low)`. Rows of `G'` have absolute sums
 * (1, 3, 3, 7, 7, 1); the weights take over the factors (6, 4, 4, 1, 1, 8) of rows and (6, 2, 2, 1, 1, 8) of columns, which leaves (1, 1, 1, 1, 1, 3) and
 * (1, 2, 2, 1, 1, 3) to the output transform, and |U| <= 12 * 8 * |w| <= 96 * 255 < 2^15 for any weights.
 */
import { ACC_PIXEL, ACC_ROW, COLUMNS, SLICE } from './layout';
import { tile4x8 } from './gemm';

/** Tiles of a block. */
const TILES: i32 = COLUMNS / 4;
/**
 * Bytes between the values of two positions, beyond the values: strides that are powers of two would put all 36 positions of a tile into the same few sets of the
 * first-level cache.
 */
export const GAP: usize = 64;
/** Bytes from one position's products to the next one's. */
export const M_POSITION: usize = <usize>(TILES * ACC_PIXEL) + GAP;

/** Bytes from one position's transformed inputs to the next one's. */
@inline export function vPosition(channels: i32): usize { return <usize>(2 * channels) * TILES + GAP; }
/** 9 * INVERSE = 1 in Z/2^32. */
export const INVERSE: i32 = 954437177;

/** One dimension of the input transform: six vectors `step` bytes apart become six at `to`, `toStep` apart. */
@inline function transformInput(from: usize, step: usize, to: usize, toStep: usize): void {
  const d0 = v128.load(from);
  const d1 = v128.load(from + step);
  const d2 = v128.load(from + 2 * step);
  const d3 = v128.load(from + 3 * step);
  const d4 = v128.load(from + 4 * step);
  const d5 = v128.load(from + 5 * step);
  const d42 = i16x8.sub(d4, d2);
  const d31 = i16x8.shl(i16x8.sub(d3, d1), 1);
  // 4 d0 - 5 d2 + d4 = 4 (d0 - d2) + (d4 - d2)
  v128.store(to, i16x8.add(i16x8.shl(i16x8.sub(d0, d2), 2), d42));
  v128.store(to + toStep, i16x8.sub(i16x8.add(d3, d4), i16x8.shl(i16x8.add(d1, d2), 2)));
  v128.store(to + 2 * toStep, i16x8.add(i16x8.shl(i16x8.sub(d1, d2), 2), i16x8.sub(d4, d3)));
  v128.store(to + 3 * toStep, i16x8.add(d42, d31));
  v128.store(to + 4 * toStep, i16x8.sub(d42, d31));
  // 4 d1 - 5 d3 + d5 = 4 (d1 - d3) + (d5 - d3)
  v128.store(to + 5 * toStep, i16x8.sub(i16x8.sub(d5, d3), i16x8.shl(d31, 1)));
}

/**
 * Transforms quads of tiles of staged values: `v[position][tile][channel]`, int16.
 *
 * @param staged 6 rows of `16 * quads + 2` columns of `channels` int16, a multiple of 8
 * @param temp 108 vectors
 */
export function inputTiles(staged: usize, channels: i32, quads: i32, v: usize, temp: usize): void {
  const pixel = <usize>(2 * channels);
  const row = pixel * <usize>(16 * quads + 2);
  const position = vPosition(channels);
  for (let q = 0; q < quads; q++) {
    const from = staged + <usize>(16 * q) * pixel;
    const to = v + <usize>(4 * q) * pixel;
    for (let c: usize = 0; c < pixel; c += 16) {
      // Neighbouring tiles share two of their columns.
      for (let j: usize = 0; j < 18; j++) transformInput(from + c + j * pixel, row, temp + j * 96, 16);
      for (let t: usize = 0; t < 4; t++) {
        const out = to + c + t * pixel;
        for (let i: usize = 0; i < 6; i++) transformInput(temp + t * 384 + i * 16, 96, out + i * 6 * position, position);
      }
    }
  }
}

/**
 * Products at all positions for the output channels of a slice: `m[position][tile][SLICE]`, int32.
 *
 * @param v transformed inputs of `4 * quads` tiles, `pixel` bytes apart; `vPosition` bytes from one position to the next
 * @param runs of `pairs` pairs, `run` bytes apart, that a tile's product takes
 * @param u weights `[position][group of 8 outputs][run][pair][8][2]`, int16, the slice's first group; `uPosition` bytes from one position to the next
 * @param groups groups of 8 outputs in the slice
 * @param zero eight int32 zeros
 */
export function products(
  positions: i32, v: usize, pixel: usize, vPosition: usize, quads: i32, runs: i32, run: usize, pairs: i32,
  u: usize, uPosition: usize, groups: i32, m: usize, mPosition: usize, zero: usize,
): void {
  const group = <usize>(runs * pairs * 32);
  for (let position = 0; position < positions; position++) {
    for (let g = 0; g < groups; g++) {
      for (let t = 0; t < 4 * quads; t += 4) {
        tile4x8(v + <usize>t * pixel, pixel, runs, run, pairs, u + <usize>g * group, zero, m + <usize>(t * ACC_PIXEL + g * 32), ACC_PIXEL);
      }
    }
    v += vPosition;
    u += uPosition;
    m += mPosition;
  }
}

@inline function times3(x: v128): v128 { return i32x4.add(x, i32x4.shl(x, 1)); }

/** One dimension of the output transform: six vectors `step` bytes apart become four at `to`, 16 apart. */
@inline function transformOutput(from: usize, step: usize, to: usize): void {
  const m1 = v128.load(from + step);
  const m2 = v128.load(from + 2 * step);
  const m3 = v128.load(from + 3 * step);
  const m4 = v128.load(from + 4 * step);
  const s12 = i32x4.add(m1, m2);
  const d12 = i32x4.sub(m1, m2);
  const s34 = i32x4.add(m3, m4);
  const d34 = i32x4.shl(i32x4.sub(m3, m4), 1);
  v128.store(to, i32x4.add(i32x4.add(v128.load(from), s12), s34));
  v128.store(to, i32x4.add(d12, d34), 16);
  v128.store(to, i32x4.add(s12, i32x4.shl(s34, 2)), 32);
  v128.store(to, i32x4.add(i32x4.add(d12, i32x4.shl(d34, 2)), times3(v128.load(from + 5 * step))), 48);
}

@inline function finish(x: v128, bias: v128): v128 {
  return i32x4.add(i32x4.shr_s(i32x4.mul(x, i32x4.splat(INVERSE)), 6), bias);
}

/**
 * Accumulators of a block's slice from the products.
 *
 * @param bias int32 of the slice's channels
 * @param temp 24 vectors
 */
export function outputTiles(m: usize, tiles: i32, groups: i32, bias: usize, acc: usize, temp: usize): void {
  const quads = 2 * groups;
  for (let t = 0; t < tiles; t++) {
    for (let k = 0; k < quads; k++) {
      const from = m + <usize>(t * ACC_PIXEL + k * 16);
      const to = acc + <usize>(4 * t * ACC_PIXEL + k * 16);
      const offset = v128.load(bias + <usize>(k * 16));
      // Columns first: temp[column j][4 rows].
      for (let j: usize = 0; j < 6; j++) transformOutput(from + j * M_POSITION, 6 * M_POSITION, temp + j * 64);
      for (let i: usize = 0; i < 4; i++) {
        const row = temp + i * 16;
        const m1 = v128.load(row, 64);
        const m2 = v128.load(row, 128);
        const m3 = v128.load(row, 192);
        const m4 = v128.load(row, 256);
        const s12 = i32x4.shl(i32x4.add(m1, m2), 1);
        const d12 = i32x4.shl(i32x4.sub(m1, m2), 1);
        const s34 = i32x4.add(m3, m4);
        const d34 = i32x4.shl(i32x4.sub(m3, m4), 1);
        const out = to + i * ACC_ROW;
        v128.store(out, finish(i32x4.add(i32x4.add(v128.load(row), s12), s34), offset));
        v128.store(out, finish(i32x4.add(d12, d34), offset), ACC_PIXEL);
        v128.store(out, finish(i32x4.add(s12, i32x4.shl(s34, 2)), offset), 2 * ACC_PIXEL);
        v128.store(
          out,
          finish(i32x4.add(i32x4.add(d12, i32x4.shl(d34, 2)), times3(v128.load(row, 320))), offset),
          3 * ACC_PIXEL,
        );
      }
    }
  }
}
