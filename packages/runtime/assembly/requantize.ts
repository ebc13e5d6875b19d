/**
 * Requantization of a block's accumulators to levels: `q = clamp(((acc * m + r) >> n) + z, qmin, qmax)`, eight channels at a time, 64-bit products.
 *
 * Shifts differ between channels, those of SIMD lanes cannot: a channel of a smaller shift takes its accumulator times a power of two, which the runtime
 * has proven to fit, and no shift that lanes share is below 33. So the product's high 32 bits are enough: `r = 2^(n-1)` is a multiple of 2^32, and
 * `(p + r) >> n = ((p >> 32) + 2^(n-33)) >> (n - 32)`.
 */
import { ACC_PIXEL, ACC_ROW, SLICE } from './layout';

/**
 * A tail's fields. `GROUP_SHIFTS` has an int32 for each 8 channels: the shift that they share, or 0 where they share none and go one by one. `FACTORS` are the powers of
 * two that make it so; `SHIFTS` the channels' own, bytes.
 */
const TO: usize = 0;
const WIDTH: usize = 4;
const CHANNELS: usize = 8;
const HAS_NEGATIVE: usize = 12;
const GROUP_SHIFTS: usize = 16;
const HALF: usize = 20;
const ZERO: usize = 24;
const QMIN: usize = 28;
const QMAX: usize = 32;
const MULTIPLIERS: usize = 36;
const FACTORS: usize = 40;
const NEGATIVE_MULTIPLIERS: usize = 44;
const NEGATIVE_FACTORS: usize = 48;
const TABLE: usize = 52;
const TABLE_LOW: usize = 56;
const TABLE_LAST: usize = 60;
const SHIFTS: usize = 64;
const NEGATIVE_SHIFTS: usize = 68;
const RING: usize = 72;

/** Bytes of a tail. */
export const TAIL: usize = 80;

@inline function field(tail: usize, at: usize): i32 { return load<i32>(tail + at); }
@inline function address(tail: usize, at: usize): usize { return <usize>load<u32>(tail + at); }

/**
 * Levels of rows `[y, y + rows)`, columns `[x, x + columns)`, channels `[first, first + count)` of a tensor, from the accumulators of a slice.
 */
export function requantize(tail: usize, acc: usize, y: i32, rows: i32, x: i32, columns: i32, first: i32, count: i32): void {
  const k = field(tail, CHANNELS);
  const row = <usize>(field(tail, WIDTH) * k);
  const base = address(tail, TO) + <usize>(x * k + first);
  const ring = field(tail, RING);
  for (let c = 0; c < count; c += 8) {
    const lanes = min(8, count - c);
    const from = acc + <usize>(4 * c);
    const channel = first + c;
    const shift = load<i32>(address(tail, GROUP_SHIFTS) + <usize>((channel >> 3) << 2));
    const to = base + c;
    if (field(tail, TABLE) != 0 || shift == 0) scalars(tail, from, to, row, ring, k, y, rows, columns, channel, lanes);
    else if (field(tail, HAS_NEGATIVE)) vectors<i64>(tail, shift, from, to, row, ring, k, y, rows, columns, channel, lanes);
    else vectors<i32>(tail, shift, from, to, row, ring, k, y, rows, columns, channel, lanes);
  }
}

@inline function scaled(acc: v128, factor: v128, m: v128, round: v128, shift: i32): v128 {
  const a = i32x4.mul(acc, factor);
  const high = v128.shuffle<i32>(i64x2.extmul_low_i32x4_s(a, m), i64x2.extmul_high_i32x4_s(a, m), 1, 3, 5, 7);
  return i32x4.shr_s(i32x4.add(high, round), shift);
}

/** `Kind` is i64 where values below zero have a factor of their own, else i32. */
function vectors<Kind>(
  tail: usize, shift: i32, acc: usize, to: usize, row: usize, ring: i32, k: i32, y: i32, rows: i32, columns: i32, channel: i32,
  lanes: i32,
): void {
  const at = <usize>(4 * channel);
  shift -= 32;
  const round = i32x4.splat(field(tail, HALF) << (shift - 1));
  const zero = i16x8.splat(<i16>field(tail, ZERO));
  const low = i16x8.splat(<i16>field(tail, QMIN));
  const high = i16x8.splat(<i16>field(tail, QMAX));
  const m0 = v128.load(address(tail, MULTIPLIERS) + at);
  const m1 = v128.load(address(tail, MULTIPLIERS) + at, 16);
  const f0 = v128.load(address(tail, FACTORS) + at);
  const f1 = v128.load(address(tail, FACTORS) + at, 16);
  let nm0 = m0, nm1 = m1, nf0 = f0, nf1 = f1;
  if (sizeof<Kind>() == 8) {
    nm0 = v128.load(address(tail, NEGATIVE_MULTIPLIERS) + at);
    nm1 = v128.load(address(tail, NEGATIVE_MULTIPLIERS) + at, 16);
    nf0 = v128.load(address(tail, NEGATIVE_FACTORS) + at);
    nf1 = v128.load(address(tail, NEGATIVE_FACTORS) + at, 16);
  }
  const isSigned = field(tail, QMIN) < 0;
  for (let r = 0; r < rows; r++) {
    let from = acc;
    let out = to + <usize>((y + r) % ring) * row;
    for (let x = 0; x < columns; x++) {
      const a0 = v128.load(from);
      const a1 = v128.load(from, 16);
      let q0: v128, q1: v128;
      if (sizeof<Kind>() == 8) {
        const n0 = i32x4.shr_s(a0, 31);
        const n1 = i32x4.shr_s(a1, 31);
        q0 = scaled(a0, v128.bitselect(nf0, f0, n0), v128.bitselect(nm0, m0, n0), round, shift);
        q1 = scaled(a1, v128.bitselect(nf1, f1, n1), v128.bitselect(nm1, m1, n1), round, shift);
      } else {
        q0 = scaled(a0, f0, m0, round, shift);
        q1 = scaled(a1, f1, m1, round, shift);
      }
      let q = i16x8.add_sat_s(i16x8.narrow_i32x4_s(q0, q1), zero);
      q = i16x8.min_s(i16x8.max_s(q, low), high);
      const bytes = isSigned ? i8x16.narrow_i16x8_s(q, q) : i8x16.narrow_i16x8_u(q, q);
      if (lanes == 8) v128.store_lane<u64>(out, bytes, 0);
      else {
        let rest = i64x2.extract_lane(bytes, 0);
        for (let i = 0; i < lanes; i++) {
          store<u8>(out + i, <u8>rest);
          rest >>= 8;
        }
      }
      from += ACC_PIXEL;
      out += k;
    }
    acc += ACC_ROW;
  }
}

/** One value at a time: where a table follows, or factors do not fit lanes. */
function scalars(
  tail: usize, acc: usize, to: usize, row: usize, ring: i32, k: i32, y: i32, rows: i32, columns: i32, first: i32, count: i32,
): void {
  const table = address(tail, TABLE);
  const half = field(tail, HALF);
  for (let r = 0; r < rows; r++) {
    for (let x = 0; x < columns; x++) {
      for (let c = 0; c < count; c++) {
        const a = <i64>load<i32>(acc + <usize>(r * ACC_ROW + x * ACC_PIXEL + 4 * c));
        const isBelow = a < 0 && field(tail, HAS_NEGATIVE) != 0;
        const at = <usize>(first + c);
        const m = <i64>load<i32>(address(tail, isBelow ? NEGATIVE_MULTIPLIERS : MULTIPLIERS) + 4 * at);
        const n = <i64>load<u8>(address(tail, isBelow ? NEGATIVE_SHIFTS : SHIFTS) + at);
        let q = (a * m + (half ? <i64>1 << (n - 1) : 0)) >> n;
        q += field(tail, ZERO);
        if (table != 0) {
          const index = q - field(tail, TABLE_LOW);
          q = <i64>load<u8>(table + <usize>min<i64>(field(tail, TABLE_LAST), max<i64>(0, index)));
        }
        q = min<i64>(field(tail, QMAX), max<i64>(field(tail, QMIN), q));
        store<u8>(to + <usize>((y + r) % ring) * row + <usize>(x * k + c), <u8>q);
      }
    }
  }
}
