/**
 * The seed of one tensor's noise in one training call: a 32-bit mix of the layer's seed, the call and the tensor's place in the layer, so that neighbouring
 * seeds, calls and tensors share nothing.
 */
export function noiseSeed(seed: number, call: number, index: number): number {
  let mixed = 0x9e3779b9;
  for (const part of [seed, call, index]) {
    mixed = Math.imul(mixed ^ part, 0x85ebca6b);
    mixed ^= mixed >>> 13;
    mixed = Math.imul(mixed, 0xc2b2ae35);
    mixed ^= mixed >>> 16;
  }
  return mixed >>> 0;
}
