/** `add`: sums of two tensors on one grid, and the levels that its tails make of them. */
import { ACC_PIXEL, ACC_ROW, COLUMNS, ROWS, SLICE, channels, flip, levels, offsets, ring, spacing, width } from './layout';
import { requantize, TAIL } from './requantize';

/** An addition's fields: both sources, tails, their number. */
const LEFT: usize = 0;
const RIGHT: usize = 4;
const TAILS: usize = 8;
const TAIL_COUNT: usize = 12;

/** The block at row `y`, column `x`, down to row `end`. */
export function add(node: usize, y: i32, end: i32, x: i32, scratch: usize): void {
  const left = <usize>load<u32>(node, LEFT);
  const right = <usize>load<u32>(node, RIGHT);
  const w = width(left);
  const c = channels(left);
  const rows = min(ROWS, end - y);
  const columns = min(COLUMNS, w - x);
  const flips = i16x8.splat(<i16>flip(left));
  const doubled = spacing(left) - 1;
  for (let first = 0; first < c; first += SLICE) {
    const count = min(SLICE, c - first);
    for (let r = 0; r < rows; r++) {
      const column = <usize>(x * c + first);
      let a = levels(left) + <usize>((y + r) % ring(left)) * <usize>(w * c) + column;
      let b = levels(right) + <usize>((y + r) % ring(right)) * <usize>(w * c) + column;
      let to = scratch + <usize>(r * ACC_ROW);
      for (let i = 0; i < columns; i++) {
        sum(a, b, offsets(left) + <usize>(2 * first), count, flips, doubled, to);
        a += c;
        b += c;
        to += ACC_PIXEL;
      }
    }
    let tail = <usize>load<u32>(node, TAILS);
    for (let i = 0; i < load<i32>(node, TAIL_COUNT); i++, tail += TAIL) {
      requantize(tail, scratch, y, rows, x, columns, first, count);
    }
  }
}

@inline function sum(a: usize, b: usize, offset: usize, count: i32, flips: v128, doubled: i32, to: usize): void {
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    const left = v128.xor(v128.load_ext<u8>(a + i), flips);
    const right = v128.xor(v128.load_ext<u8>(b + i), flips);
    const twice = i16x8.shl(v128.load(offset + <usize>(2 * i)), 1);
    const total = i16x8.sub(i16x8.shl(i16x8.add(left, right), doubled), twice);
    v128.store(to + <usize>(4 * i), i32x4.extend_low_i16x8_s(total));
    v128.store(to + <usize>(4 * i), i32x4.extend_high_i16x8_s(total), 16);
  }
  const flipped = i16x8.extract_lane_s(flips, 0);
  for (; i < count; i++) {
    const both = (<i32>load<u8>(a + i) ^ flipped) + (<i32>load<u8>(b + i) ^ flipped);
    store<i32>(to + <usize>(4 * i), (both << doubled) - 2 * <i32>load<i16>(offset + <usize>(2 * i)));
  }
}
