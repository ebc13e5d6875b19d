/** Staging: the levels under a block as int16 values `v`, channels padded, the border filled in, so that no kernel needs a branch. */
import { border, channels, flip, height, isEdge, levels, offsets, padded, ring, spacing, width } from './layout';

/**
 * Writes rows `[y0, y0 + rows)` and columns `[x0, x0 + columns)` of a source, which may lie outside of it, to `to` as `[row][column][padded]` int16:
 * `byte' * spacing - offset[channel]`, with the border's value or the nearest pixel outside and 0 in padding channels.
 */
export function stage(source: usize, y0: i32, rows: i32, x0: i32, columns: i32, to: usize): void {
  const h = height(source);
  const w = width(source);
  const c = channels(source);
  const p = padded(source);
  const pixel = <usize>(2 * p);
  const outside = i16x8.splat(<i16>border(source));
  const repeats = isEdge(source);
  for (let r = 0; r < rows; r++) {
    const y = repeats ? min(max(y0 + r, 0), h - 1) : y0 + r;
    const row = levels(source) + <usize>(y % ring(source)) * w * c;
    for (let x = 0; x < columns; x++) {
      const at = repeats ? min(max(x0 + x, 0), w - 1) : x0 + x;
      if (y < 0 || y >= h || at < 0 || at >= w) fill(to, p, c, outside);
      else convert(source, row + <usize>(at * c), c, p, to);
      to += pixel;
    }
  }
}

@inline function fill(to: usize, p: i32, c: i32, value: v128): void {
  if (p == c) {
    for (let i = 0; i < p; i += 8) v128.store(to + <usize>(2 * i), value);
    return;
  }
  for (let i = 0; i < p; i++) store<i16>(to + <usize>(2 * i), i < c ? <i16>i16x8.extract_lane_s(value, 0) : 0);
}

@inline function convert(source: usize, from: usize, c: i32, p: i32, to: usize): void {
  const offset = offsets(source);
  const flips = i16x8.splat(<i16>flip(source));
  const doubled = spacing(source) - 1;
  let i = 0;
  for (; i + 8 <= c; i += 8) {
    let v = v128.xor(v128.load_ext<u8>(from + i), flips);
    v = i16x8.shl(v, doubled);
    v128.store(to + <usize>(2 * i), i16x8.sub(v, v128.load(offset + <usize>(2 * i))));
  }
  for (; i < c; i++) {
    const v = (<i32>load<u8>(from + i) ^ flip(source)) << doubled;
    store<i16>(to + <usize>(2 * i), <i16>(v - <i32>load<i16>(offset + <usize>(2 * i))));
  }
  for (; i < p; i++) store<i16>(to + <usize>(2 * i), 0);
}
