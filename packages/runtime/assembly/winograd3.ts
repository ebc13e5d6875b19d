/**
 * Exact Winograd F(3x3, 3x3) in integers, for kernels of any size: a larger one is a grid of 3x3 kernels, zeros beyond its end, and since tiles lie 3 apart like those
 * kernels do, they all read the same transformed tiles. At each of 25 positions that is a convolution over the grid of tiles: 25 products for 9 outputs and each 3x3
 * part of the kernel, in place of 81.
 *
 * Points 0, 1, -1, 2 and infinity. Rows of `G` times (2, 2, 6, 6, 1) are the integers (1,0,0) (-1,-1,-1) (-1,1,-1) (1,2,4) (0,0,1), absolute sums (1, 3, 3, 7, 1);
 * the weights take over the factors 6 / scale = (3, 3, 1, 1, 6) as well, so |U| <= 9 * 9 * |w| <= 81 * 255 < 2^15. Rows of `B^T` have sums of positive and of negative
 * entries of at most 3 and 3, so `|V| <= 18 (high - low)` for values in `[low, high]`, 0 among them, `<= 18 * 511 < 2^15`. The plain `A^T` then gives `36 Y` in Z/2^32,
 * whatever the sums are: times the inverse of 9, an arithmetic shift by 2 gives Y where |Y| < 2^29.
 *
 * F(2x2, 3x3) would ask for the same: a factor 4, which leaves |Y| < 2^29, and needs 4 products an output to 25/9; so it has no place.
 */
import { ACC_PIXEL, ACC_ROW } from './layout';
import { GAP, INVERSE } from './winograd';

/** Output rows and columns of a block: 4 rows of 16 tiles. */
export const ROWS3: i32 = 12;
export const COLUMNS3: i32 = 48;
/** Most outputs for which a group of 8 is two neighbouring tiles by 4 outputs. */
export const NARROW: i32 = 4;
/** Bytes from one position's products, of a row of tiles, to the next one's. */
export const M_POSITION3: usize = <usize>(16 * ACC_PIXEL) + GAP;

/** One dimension of the input transform: five vectors `step` bytes apart become five at `to`, `toStep` apart. */
@inline function transformInput(from: usize, step: usize, to: usize, toStep: usize): void {
  const d0 = v128.load(from);
  const d1 = v128.load(from + step);
  const d2 = v128.load(from + 2 * step);
  const d3 = v128.load(from + 3 * step);
  const d4 = v128.load(from + 4 * step);
  const d31 = i16x8.sub(d3, d1);
  const d32 = i16x8.sub(d3, d2);
  // 2 d0 - d1 - 2 d2 + d3
  v128.store(to, i16x8.add(i16x8.shl(i16x8.sub(d0, d2), 1), d31));
  v128.store(to + toStep, i16x8.sub(d32, i16x8.shl(d1, 1)));
  // 2 d1 - 3 d2 + d3
  v128.store(to + 2 * toStep, i16x8.add(d32, i16x8.shl(i16x8.sub(d1, d2), 1)));
  v128.store(to + 3 * toStep, d31);
  // 2 d1 - d2 - 2 d3 + d4
  v128.store(to + 4 * toStep, i16x8.sub(i16x8.sub(d4, d2), i16x8.shl(d31, 1)));
}

/**
 * Transforms a grid of tiles of staged values: `v[position][row of tiles][tile][channel]`, int16.
 *
 * @param staged `3 * down + 2` rows of `3 * across + 2` columns of `channels` int16, a multiple of 8
 * @param position bytes from one position to the next
 * @param temp 25 vectors
 */
export function inputTiles3(staged: usize, channels: i32, down: i32, across: i32, v: usize, position: usize, temp: usize): void {
  const pixel = <usize>(2 * channels);
  const row = pixel * <usize>(3 * across + 2);
  for (let r = 0; r < down; r++) {
    for (let t = 0; t < across; t++) {
      const from = staged + <usize>(3 * r) * row + <usize>(3 * t) * pixel;
      const to = v + <usize>(r * across + t) * pixel;
      for (let c: usize = 0; c < pixel; c += 16) {
        for (let j: usize = 0; j < 5; j++) transformInput(from + c + j * pixel, row, temp + j * 16, 80);
        for (let i: usize = 0; i < 5; i++) transformInput(temp + i * 80, 16, to + c + i * 5 * position, position);
      }
    }
  }
}

/** One dimension of the output transform: five vectors `step` bytes apart become three at `to`, 16 apart. */
@inline function transformOutput(from: usize, step: usize, to: usize): void {
  const m1 = v128.load(from + step);
  const m2 = v128.load(from + 2 * step);
  const m3 = v128.load(from + 3 * step);
  const s12 = i32x4.add(m1, m2);
  v128.store(to, i32x4.add(i32x4.add(v128.load(from), s12), m3));
  v128.store(to, i32x4.add(i32x4.sub(m1, m2), i32x4.shl(m3, 1)), 16);
  v128.store(to, i32x4.add(i32x4.add(s12, i32x4.shl(m3, 2)), v128.load(from + 4 * step)), 32);
}

@inline function finish(at: usize, bias: v128): v128 {
  return i32x4.add(i32x4.shr_s(i32x4.mul(v128.load(at), i32x4.splat(INVERSE)), 2), bias);
}

/**
 * Accumulators of 3 rows of a slice from the products of a row of tiles.
 *
 * @param twice 1 where a row of products is of two tiles by 4 outputs, else 0
 * @param vectors of 4 outputs
 * @param bias int32 of the slice's channels
 * @param temp 18 vectors
 */
export function outputTiles3(m: usize, tiles: i32, twice: i32, vectors: i32, bias: usize, acc: usize, temp: usize): void {
  const turned = temp + 15 * 16;
  for (let t = 0; t < tiles; t++) {
    for (let k = 0; k < vectors; k++) {
      const from = m + <usize>((t >> twice) * ACC_PIXEL + (k + (t & twice)) * 16);
      const to = acc + <usize>(3 * t * ACC_PIXEL + k * 16);
      const offset = v128.load(bias + <usize>(k * 16));
      for (let j: usize = 0; j < 5; j++) transformOutput(from + j * M_POSITION3, 5 * M_POSITION3, temp + j * 48);
      for (let i: usize = 0; i < 3; i++) {
        transformOutput(temp + i * 16, 48, turned);
        for (let j: usize = 0; j < 3; j++) v128.store(to + i * ACC_ROW + j * ACC_PIXEL, finish(turned + j * 16, offset));
      }
    }
  }
}
