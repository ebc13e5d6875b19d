import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuantError } from './error.js';
import { packedBytes, packLevels, unpackInto, unpackLevels } from './pack.js';

const widths = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((bits) => [
  { bits, signed: true },
  { bits, signed: false },
]);

describe('packLevels and unpackLevels', () => {
  it.each(widths)('give levels back: $bits bits, signed $signed', ({ bits, signed }) => {
    const low = signed ? -(2 ** (bits - 1)) : 0;
    const level = fc.integer({ min: low, max: low + 2 ** bits - 1 });
    fc.assert(
      fc.property(fc.array(level, { maxLength: 70 }), (levels) => {
        const bytes = packLevels(levels, bits, signed);
        expect(bytes.length).toBe(packedBytes(levels.length, bits));
        expect([...unpackLevels(bytes, levels.length, bits, signed)]).toEqual(levels);
        if (signed) expect([...unpackInto(new Int8Array(levels.length), bytes, bits, true)]).toEqual(levels);
        const used = (levels.length * bits) % 8;
        if (used > 0) expect((bytes.at(-1) ?? 0) >> used).toBe(0);
      }),
      { numRuns: 200 },
    );
    expect(() => packLevels([low - 1], bits, signed)).toThrow(QuantError);
    expect(() => packLevels([low + 2 ** bits], bits, signed)).toThrow(QuantError);
  });

  it.each(widths)('give bytes back: $bits bits, signed $signed', ({ bits, signed }) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: bits, maxLength: bits }), (bytes) => {
        expect(packLevels(unpackLevels(bytes, 8, bits, signed), bits, signed)).toEqual(bytes);
      }),
      { numRuns: 100 },
    );
  });

  it.each([true, false])('give many levels of 4 bits back, an odd one last: signed %s', (signed) => {
    const levels = Array.from({ length: 1001 }, (_, i) => ((i * 7) % 16) - (signed ? 8 : 0));
    const bytes = packLevels(levels, 4, signed);
    expect([...unpackInto(new Int8Array(levels.length), bytes, 4, signed)]).toEqual(levels);
    // In a place where pairs of levels do not lie at even addresses.
    expect([...unpackInto(new Int8Array(new ArrayBuffer(1002), 1), bytes, 4, signed)]).toEqual(levels);
  });

  it('put the first level into the lowest bits', () => {
    expect([...packLevels([1, -1, 2], 4, true)]).toEqual([0xf1, 0x02]);
    expect([...packLevels([1, 0, 0, 0, 0, 0, 0, 1, 1], 1, false)]).toEqual([0x81, 0x01]);
    expect([...packLevels([1, 2, 3], 3, false)]).toEqual([0xd1, 0x00]);
    expect([...packLevels([], 5, true)]).toEqual([]);
  });

  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY])('refuse %d', (level) => {
    expect(() => packLevels([level], 4, true)).toThrow('level 0 must be an integer in [-8, 7]');
  });

  it('refuse bytes that are too short or too long', () => {
    expect(() => unpackLevels(new Uint8Array(2), 5, 4, true)).toThrow(
      'bytes must be 3 long for 5 levels of 4 bits, got 2',
    );
    expect(() => unpackLevels(new Uint8Array(4), 5, 4, true)).toThrow(QuantError);
  });
});
