/** The TF.js backends that tests loop over, and seeded numbers. */

/** `cpu` is TF.js's own plain loops; `wasm` is what trains. WebGPU has a test of its own, `gpu.test.ts`. */
export const devices = ['cpu', 'wasm'] as const;

/** Seeded numbers in [-1, 1) (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}
