import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeCounts, encodeCounts } from './bit-code.js';

it('brings back every array of counts', () => {
  const count = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(9), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
  fc.assert(
    fc.property(fc.array(count, { maxLength: 300 }), (counts) => {
      expect([...decodeCounts(encodeCounts(counts), counts.length)]).toEqual(counts);
    }),
  );
});

it('is as small as stated', () => {
  // 1 bit for "no entries"; 3 + 1 + 1 for one entry, a one in the first place.
  expect(atob(encodeCounts(new Uint32Array(4096))).length).toBe(1);
  expect(atob(encodeCounts([1, 0, 0])).length).toBe(1);
  // 19 bits for 1001 entries in all, then 1 + 3 bits for each.
  expect(atob(encodeCounts(new Uint32Array(1000).fill(2))).length).toBe(Math.ceil((19 + 4000) / 8));
});

it('refuses what is no code', () => {
  for (const bad of ['', '!', 'AAAA', encodeCounts([0, 0, 0, 5]), encodeCounts([9, 9, 9]).slice(0, 4)]) {
    expect(() => decodeCounts(bad, 3)).toThrow('state must hold a valid counts');
  }
});
