/**
 * Exact Winograd F(6x6, 3x3) in integers, for levels and weights of at most 4 bits: 64 products for 36 outputs.
 *
 * Points 0, +-1, +-2, +-1/2 and infinity. Rows of `B^T` times (4, 4, 4, 4, 4, 2, 2, 4) and of `G` are integers: (1,0,0) -(1,1,1) -(1,-1,1) (1,2,4) (1,-2,4) (4,2,1) (4,-2,1)
 * (0,0,1); columns of `A^T` are (1, 2, .. 32) and (32, .. 2, 1) for 2 and 1/2. Then the factors (90, 20, 20, 1, 1, 1, 1, 90) in both directions give `360^2 Y` in
 * Z/2^32, whatever the sums are. 360^2 = 64 * 2025: times the inverse of 2025, an arithmetic shift by 6 gives Y where |Y| < 2^25.
 *
 * Bounds: rows of `B^T` have sums of positive and of negative entries of at most 25 and 25, but for one of 16 and 34; products of two rows (1250, 1250), and
 * (1412, 1088) for that one with itself. So values in `[low, high]`, 0 among them, give `|V| <= max(1412 high - 1088 low, 1088 high - 1412 low, 1250 (high - low))`: 4 bits
 * fit, 5 do not. The weights take over the factors (45, 20, 20, 1, 1, 1, 1, 45), whose rows then have absolute sums of at most 60, so |U| <= 3600 * |w| < 2^15 for
 * |w| <= 9; the output transform keeps (2, 1, 1, 1, 1, 1, 1, 2).
 */
import { ACC_PIXEL, ACC_ROW } from './layout';
import { GAP } from './winograd';

/** Output rows and columns of a block: a row of 8 tiles. */
export const ROWS6: i32 = 6;
export const COLUMNS6: i32 = 48;
/** Bytes from one position's products to the next one's. */
export const M_POSITION6: usize = <usize>(8 * ACC_PIXEL) + GAP;
/** 2025 * INVERSE = 1 in Z/2^32. */
const INVERSE: i32 = 252395609;

/** One dimension of the input transform: eight vectors `step` bytes apart become eight at `to`, `toStep` apart. */
@inline function transformInput(from: usize, step: usize, to: usize, toStep: usize): void {
  const d1 = v128.load(from + step);
  const d2 = v128.load(from + 2 * step);
  const d3 = v128.load(from + 3 * step);
  const d4 = v128.load(from + 4 * step);
  const d5 = v128.load(from + 5 * step);
  const d6 = v128.load(from + 6 * step);
  v128.store(to, outer(i16x8.sub(v128.load(from), d6), i16x8.sub(d4, d2)));
  v128.store(to + 7 * toStep, outer(i16x8.sub(v128.load(from + 7 * step), d1), i16x8.sub(d3, d5)));
  const e1 = i16x8.sub(i16x8.shl(i16x8.add(d2, d6), 2), i16x8.mul(d4, i16x8.splat(17)));
  const o1 = i16x8.sub(i16x8.shl(i16x8.add(d1, d5), 2), i16x8.mul(d3, i16x8.splat(17)));
  v128.store(to + toStep, i16x8.add(e1, o1));
  v128.store(to + 2 * toStep, i16x8.sub(e1, o1));
  const d4x5 = i16x8.mul(d4, i16x8.splat(5));
  const d3x5 = i16x8.mul(d3, i16x8.splat(5));
  const e2 = i16x8.sub(i16x8.add(d2, i16x8.shl(d6, 2)), d4x5);
  const o2 = i16x8.shl(i16x8.sub(i16x8.add(d1, i16x8.shl(d5, 2)), d3x5), 1);
  v128.store(to + 3 * toStep, i16x8.add(e2, o2));
  v128.store(to + 4 * toStep, i16x8.sub(e2, o2));
  const e3 = i16x8.shl(i16x8.sub(i16x8.add(d6, i16x8.shl(d2, 2)), d4x5), 1);
  const o3 = i16x8.sub(i16x8.add(d5, i16x8.shl(d1, 2)), d3x5);
  v128.store(to + 5 * toStep, i16x8.add(e3, o3));
  v128.store(to + 6 * toStep, i16x8.sub(e3, o3));
}

/** 4 a + 21 b. */
@inline function outer(a: v128, b: v128): v128 { return i16x8.add(i16x8.shl(a, 2), i16x8.mul(b, i16x8.splat(21))); }

/**
 * Transforms quads of tiles of staged values: `v[position][tile][channel]`, int16.
 *
 * @param staged 8 rows of `24 * quads + 2` columns of `channels` int16, a multiple of 8
 * @param position bytes from one position to the next
 * @param temp 208 vectors
 */
export function inputTiles6(staged: usize, channels: i32, quads: i32, v: usize, position: usize, temp: usize): void {
  const pixel = <usize>(2 * channels);
  const row = pixel * <usize>(24 * quads + 2);
  for (let q = 0; q < quads; q++) {
    const from = staged + <usize>(24 * q) * pixel;
    const to = v + <usize>(4 * q) * pixel;
    for (let c: usize = 0; c < pixel; c += 16) {
      // Neighbouring tiles share two of their columns.
      for (let j: usize = 0; j < 26; j++) transformInput(from + c + j * pixel, row, temp + j * 128, 16);
      for (let t: usize = 0; t < 4; t++) {
        const out = to + c + t * pixel;
        for (let i: usize = 0; i < 8; i++) transformInput(temp + t * 768 + i * 16, 128, out + i * 8 * position, position);
      }
    }
  }
}

/** One dimension of the output transform: eight vectors `step` bytes apart become six at `to`, 16 apart. */
@inline function transformOutput(from: usize, step: usize, to: usize): void {
  const m1 = v128.load(from + step);
  const m2 = v128.load(from + 2 * step);
  const m3 = v128.load(from + 3 * step);
  const m4 = v128.load(from + 4 * step);
  const m5 = v128.load(from + 5 * step);
  const m6 = v128.load(from + 6 * step);
  const s1 = i32x4.add(m1, m2);
  const s2 = i32x4.add(m3, m4);
  const s3 = i32x4.add(m5, m6);
  v128.store(to, i32x4.add(i32x4.add(i32x4.shl(v128.load(from), 1), s1), i32x4.add(s2, i32x4.shl(s3, 5))));
  v128.store(to, i32x4.add(s1, i32x4.add(i32x4.shl(s2, 2), i32x4.shl(s3, 3))), 32);
  v128.store(to, i32x4.add(s1, i32x4.add(i32x4.shl(s2, 4), i32x4.shl(s3, 1))), 64);
  const d1 = i32x4.sub(m1, m2);
  const d2 = i32x4.sub(m3, m4);
  const d3 = i32x4.sub(m5, m6);
  v128.store(to, i32x4.add(d1, i32x4.add(i32x4.shl(d2, 1), i32x4.shl(d3, 4))), 16);
  v128.store(to, i32x4.add(d1, i32x4.add(i32x4.shl(d2, 3), i32x4.shl(d3, 2))), 48);
  v128.store(to, i32x4.add(i32x4.add(i32x4.shl(v128.load(from + 7 * step), 1), d1), i32x4.add(d3, i32x4.shl(d2, 5))), 80);
}

@inline function finish(at: usize, bias: v128): v128 {
  return i32x4.add(i32x4.shr_s(i32x4.mul(v128.load(at), i32x4.splat(INVERSE)), 6), bias);
}

/**
 * Accumulators of a block's slice from the products.
 *
 * @param bias int32 of the slice's channels
 * @param temp 54 vectors
 */
export function outputTiles6(m: usize, tiles: i32, groups: i32, bias: usize, acc: usize, temp: usize): void {
  const turned = temp + 48 * 16;
  for (let t = 0; t < tiles; t++) {
    for (let k = 0; k < 2 * groups; k++) {
      const from = m + <usize>(t * ACC_PIXEL + k * 16);
      const to = acc + <usize>(6 * t * ACC_PIXEL + k * 16);
      const offset = v128.load(bias + <usize>(k * 16));
      for (let j: usize = 0; j < 8; j++) transformOutput(from + j * M_POSITION6, 8 * M_POSITION6, temp + j * 96);
      for (let i: usize = 0; i < 6; i++) {
        transformOutput(temp + i * 16, 96, turned);
        for (let j: usize = 0; j < 6; j++) v128.store(to + i * ACC_ROW + j * ACC_PIXEL, finish(turned + j * 16, offset));
      }
    }
  }
}
