import { describe, expect, it } from 'vitest';
import { hash32, shuffled } from './hash.js';
import { crop, makeImage, modcrop } from './image.js';
import { makePair, pairFromHr } from './pair.js';

describe('image', () => {
  it('crops', () => {
    const image = makeImage(
      3,
      2,
      Uint8Array.from({ length: 18 }, (_, i) => i),
    );
    expect([...crop(image, 1, 1, 2, 1).data]).toEqual([12, 13, 14, 15, 16, 17]);
    expect(() => crop(image, 2, 0, 2, 1)).toThrow(/must lie inside 3x2/);
    expect(modcrop(image, 2)).toMatchObject({ width: 2, height: 2 });
    expect(modcrop(image, 1)).toBe(image);
    expect(modcrop({ ...image, grey: true }, 2).grey).toBe(true);
    expect('grey' in modcrop(image, 2)).toBe(false);
    expect(() => modcrop(image, 4)).toThrow(/at least 4 pixels/);
  });

  it('refuses sizes that do not fit the samples', () => {
    expect(() => makeImage(2, 2, new Uint8Array(4))).toThrow(/12 samples for 2x2, got 4/);
    expect(() => makeImage(0, 2)).toThrow(/positive integers/);
  });
});

describe('pair', () => {
  it('is exact', () => {
    expect(pairFromHr('a', makeImage(9, 7), 3)).toMatchObject({
      hr: { width: 9, height: 6 },
      lr: { width: 3, height: 2 },
    });
    expect(() => makePair('a', makeImage(9, 6), makeImage(4, 3), 2)).toThrow(/a: hr must be 2 times as large/);
  });
});

describe('hash', () => {
  it('spreads and shuffles', () => {
    const seen = new Set(Array.from({ length: 10_000 }, (_, i) => hash32(1, i)));
    expect(seen.size).toBeGreaterThan(9_990);
    expect(hash32(2 ** 40)).not.toBe(hash32(0));
    expect(hash32(-1)).not.toBe(hash32(2 ** 32 - 1));
    expect([...shuffled(100, 5)].sort((a, b) => a - b)).toEqual([...Array(100).keys()]);
    expect(shuffled(100, 5)).not.toEqual(shuffled(100, 6));
  });
});
