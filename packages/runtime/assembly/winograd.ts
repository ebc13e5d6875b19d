/**
 * Exact Winograd F(4x4, 3x3) in integers.
 *
 * `V = B^T d B` of 6x6 values, with the usual `B^T`, whose rows have absolute sums of at most 10; `U = G' w G'^T` with the rows of `G` scaled by
 * (4, 6, 6, 24, 24, 1) to integers; then `A'^T (U * V summed over channels) A'` with the columns of `A^T` times 24 / scale is `576 * Y`, in Z/2^32, whatever the
 * sums are. 576 = 64 * 9: times the inverse of 9, an arithmetic shift by 6 gives Y where |Y| < 2^25.
 */
import { ACC_PIXEL, ACC_ROW, COLUMNS, SLICE } from './layout';
import { tile4x8 } from './gemm';

/** Tiles of a block. */
const TILES: i32 = COLUMNS / 4;
/** 9 * INVERSE = 1 in Z/2^32. */
const INVERSE: i32 = 954437177;

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
 * Transforms `tiles` tiles of staged values: `v[position][tile][channel]`, int16.
 *
 * @param staged 6 rows of COLUMNS + 2 columns of `channels` int16, a multiple of 8
 * @param temp 36 vectors
 */
export function inputTiles(staged: usize, channels: i32, tiles: i32, v: usize, temp: usize): void {
  const pixel = <usize>(2 * channels);
  const row = pixel * <usize>(COLUMNS + 2);
  const position = pixel * TILES;
  for (let t = 0; t < tiles; t++) {
    const from = staged + <usize>(4 * t) * pixel;
    const to = v + <usize>t * pixel;
    for (let c: usize = 0; c < pixel; c += 16) {
      for (let j: usize = 0; j < 6; j++) transformInput(from + c + j * pixel, row, temp + j * 16, 96);
      for (let i: usize = 0; i < 6; i++) transformInput(temp + i * 96, 16, to + c + i * 6 * position, position);
    }
  }
}

/**
 * Products at all 36 positions for the output channels of a slice: `m[position][tile][SLICE]`, int32.
 *
 * @param u weights `[position][group of 8 outputs][pair][8][2]`, int16, the slice's first group
 * @param groups groups of 8 outputs in the slice
 * @param uPosition bytes from one position's weights to the next
 * @param zero eight int32 zeros
 */
export function products(
  v: usize, channels: i32, tiles: i32, u: usize, groups: i32, uPosition: usize, m: usize, zero: usize,
): void {
  const pixel = <usize>(2 * channels);
  const pairs = channels >> 1;
  for (let position: usize = 0; position < 36; position++) {
    const a = v + position * pixel * TILES;
    const out = m + position * (TILES * ACC_PIXEL);
    for (let g = 0; g < groups; g++) {
      const b = u + position * uPosition + <usize>g * <usize>(pairs * 32);
      for (let t = 0; t < tiles; t += 4) {
        tile4x8(a + <usize>t * pixel, pixel, 1, 0, pairs, b, zero, out + <usize>(t * ACC_PIXEL + g * 32), ACC_PIXEL);
      }
    }
  }
}

@inline function times6(x: v128): v128 { return i32x4.add(i32x4.shl(x, 2), i32x4.shl(x, 1)); }
@inline function times24(x: v128): v128 { return i32x4.add(i32x4.shl(x, 4), i32x4.shl(x, 3)); }

/** One dimension of the output transform: six vectors `step` bytes apart become four at `to`, 16 apart. */
@inline function transformOutput(from: usize, step: usize, to: usize): void {
  const m1 = v128.load(from + step);
  const m2 = v128.load(from + 2 * step);
  const m3 = v128.load(from + 3 * step);
  const m4 = v128.load(from + 4 * step);
  const s12 = i32x4.shl(i32x4.add(m1, m2), 2);
  const d12 = i32x4.shl(i32x4.sub(m1, m2), 2);
  const s34 = i32x4.add(m3, m4);
  const d34 = i32x4.shl(i32x4.sub(m3, m4), 1);
  v128.store(to, i32x4.add(i32x4.add(times6(v128.load(from)), s12), s34));
  v128.store(to, i32x4.add(d12, d34), 16);
  v128.store(to, i32x4.add(s12, i32x4.shl(s34, 2)), 32);
  v128.store(to, i32x4.add(i32x4.add(d12, i32x4.shl(d34, 2)), times24(v128.load(from + 5 * step))), 48);
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
  const position: usize = TILES * ACC_PIXEL;
  const quads = 2 * groups;
  for (let t = 0; t < tiles; t++) {
    for (let k = 0; k < quads; k++) {
      const from = m + <usize>(t * ACC_PIXEL + k * 16);
      const to = acc + <usize>(4 * t * ACC_PIXEL + k * 16);
      const offset = v128.load(bias + <usize>(k * 16));
      // Columns first: temp[column j][4 rows].
      for (let j: usize = 0; j < 6; j++) transformOutput(from + j * position, 6 * position, temp + j * 64);
      for (let i: usize = 0; i < 4; i++) {
        const row = temp + i * 16;
        const m1 = v128.load(row, 64);
        const m2 = v128.load(row, 128);
        const m3 = v128.load(row, 192);
        const m4 = v128.load(row, 256);
        const s12 = i32x4.shl(i32x4.add(m1, m2), 2);
        const d12 = i32x4.shl(i32x4.sub(m1, m2), 2);
        const s34 = i32x4.add(m3, m4);
        const d34 = i32x4.shl(i32x4.sub(m3, m4), 1);
        const out = to + i * ACC_ROW;
        v128.store(out, finish(i32x4.add(i32x4.add(times6(v128.load(row)), s12), s34), offset));
        v128.store(out, finish(i32x4.add(d12, d34), offset), ACC_PIXEL);
        v128.store(out, finish(i32x4.add(s12, i32x4.shl(s34, 2)), offset), 2 * ACC_PIXEL);
        v128.store(
          out,
          finish(i32x4.add(i32x4.add(d12, i32x4.shl(d34, 2)), times24(v128.load(row, 320))), offset),
          3 * ACC_PIXEL,
        );
      }
    }
  }
}
