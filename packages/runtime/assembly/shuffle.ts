/** `pixelShuffle`: channels into space, one byte a level. */

/** Fields: address from, address to, width of the source, its channels, factor, whether the order is `crd`, rows of both rings. */
const FROM: usize = 0;
const TO: usize = 4;
const WIDTH: usize = 8;
const CHANNELS: usize = 12;
const FACTOR: usize = 16;
const IS_CRD: usize = 20;
const FROM_RING: usize = 24;
const TO_RING: usize = 28;

@inline function field(node: usize, at: usize): i32 { return load<i32>(node + at); }

/** Row `y` of the source. */
export function pixelShuffle(node: usize, y: i32): void {
  const w = field(node, WIDTH);
  const all = field(node, CHANNELS);
  const f = field(node, FACTOR);
  const c = all / (f * f);
  const from = <usize>load<u32>(node, FROM) + <usize>(y % field(node, FROM_RING)) * <usize>(w * all);
  const row = <usize>(w * f * c);
  for (let dy = 0; dy < f; dy++) {
    let source = from;
    let out = <usize>load<u32>(node, TO) + <usize>((y * f + dy) % field(node, TO_RING)) * row;
    for (let x = 0; x < w; x++) {
      if (field(node, IS_CRD)) {
        for (let dx = 0; dx < f; dx++) {
          for (let k = 0; k < c; k++) store<u8>(out + <usize>(dx * c + k), load<u8>(source + <usize>(k * f * f + dy * f + dx)));
        }
      } else {
        memory.copy(out, source + <usize>(dy * f * c), <usize>(f * c));
      }
      source += all;
      out += <usize>(f * c);
    }
  }
}
