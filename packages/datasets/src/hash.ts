/**
 * Randomness as a function: hashes of integers, the same on every platform.
 */

/**
 * A well-mixed unsigned 32-bit hash of a list of integers. Integers up to `2^53 - 1` count in full.
 *
 * @example
 * hash32(7, 0) !== hash32(7, 1); // true
 */
export function hash32(...values: readonly number[]): number {
  let state = 0x9e3779b9;
  for (const value of values) {
    state = scramble(state ^ (value | 0));
    state = scramble((state + Math.floor(value / 2 ** 32)) | 0);
  }
  return state >>> 0;
}

/** A bijection of 32-bit integers in which every input bit reaches every output bit: two multiply-and-shift rounds. */
export function scramble(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

/** The integers `0 .. count - 1` in a seeded order (Fisher and Yates). */
export function shuffled(count: number, ...seeds: readonly number[]): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const seed = hash32(...seeds);
  for (let i = count - 1; i > 0; i--) {
    const j = hash32(seed, i) % (i + 1);
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}
