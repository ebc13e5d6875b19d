/** `pixelShuffle`: channels into space, one byte a level. */

/** Fields: address from, address to, height and width of the source, its channels, factor, whether the order is `crd`. */
const FROM: usize = 0;
const TO: usize = 4;
const WIDTH: usize = 12;
const CHANNELS: usize = 16;
const FACTOR: usize = 20;
const IS_CRD: usize = 24;

@inline function field(node: usize, at: usize): i32 { return load<i32>(node + at); }

/** Row `y` of the source. */
export function pixelShuffle(node: usize, y: i32): void {
  const w = field(node, WIDTH);
  const all = field(node, CHANNELS);
  const f = field(node, FACTOR);
  const c = all / (f * f);
  let from = <usize>load<u32>(node, FROM) + <usize>(y * w * all);
  const to = <usize>load<u32>(node, TO) + <usize>(y * f * w * f * c);
  const row = <usize>(w * f * c);
  for (let x = 0; x < w; x++) {
    for (let dy = 0; dy < f; dy++) {
      const out = to + <usize>dy * row + <usize>(x * f * c);
      if (field(node, IS_CRD)) {
        for (let dx = 0; dx < f; dx++) {
          for (let k = 0; k < c; k++) store<u8>(out + <usize>(dx * c + k), load<u8>(from + <usize>(k * f * f + dy * f + dx)));
        }
      } else {
        memory.copy(out, from + <usize>(dy * f * c), <usize>(f * c));
      }
    }
    from += all;
  }
}
