import { describe, expect, it } from 'vitest';
import { choosePacking } from './packing.js';

describe('choosePacking', () => {
  it.each([
    [0, 64, 53],
    [1, 64, 26],
    [9 * 64 * 255 * 127, 64, 2],
    [9 * 64 * 15 * 7, 64, 3],
    [9 * 16 * 15 * 7, 64, 3],
    [9 * 64 * 3 * 1, 64, 4],
    [9 * 64 * 15 * 7, 2, 2],
    [2 ** 31 - 1, 64, 1],
  ])('bound %i, %i channels: %i lanes', (bound, channels, lanes) => {
    const packing = choosePacking(bound, channels);
    expect(packing.lanes).toBe(lanes);
    expect(packing.base / 2).toBeGreaterThan(bound);
  });

  it('keeps sums exact, and each lane within half the base', () => {
    for (let bits = 0; bits < 31; bits++) {
      for (const bound of [2 ** bits - 1, 2 ** bits]) {
        const { lanes, base } = choosePacking(bound, 64);
        let total = 0n;
        for (let lane = 0; lane < lanes; lane++) total += BigInt(bound) * BigInt(base) ** BigInt(lane);
        expect(total + BigInt(base / 2)).toBeLessThanOrEqual(2n ** 53n);
      }
    }
  });
});
