import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clamp, roundHalfEven } from './round.js';

describe('roundHalfEven', () => {
  it.each([
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [-0.5, 0],
    [-1.5, -2],
    [-2.5, -2],
    [0.49999999999999994, 0],
    [-0.49999999999999994, 0],
    [4503599627370495.5, 4503599627370496],
    [4503599627370494.5, 4503599627370494],
    [2 ** 53, 2 ** 53],
    [Number.MAX_VALUE, Number.MAX_VALUE],
    [5e-324, 0],
    [-5e-324, 0],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
    [Number.NaN, Number.NaN],
  ])('%d becomes %d', (x, wanted) => {
    expect(roundHalfEven(x) + 0).toBe(wanted);
  });

  it('takes every tie to the even side', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 50), max: 2 ** 50 }), (k) => {
        const rounded = roundHalfEven(k + 0.5);
        expect(rounded % 2 === 0 && Math.abs(rounded - k - 0.5) === 0.5).toBe(true);
      }),
    );
  });

  it('gives the nearest integer, and integers back', () => {
    fc.assert(
      fc.property(fc.double({ min: -(2 ** 52), max: 2 ** 52, noNaN: true }), (x) => {
        const rounded = roundHalfEven(x);
        expect(Number.isInteger(rounded)).toBe(true);
        expect(Math.abs(rounded - x)).toBeLessThanOrEqual(0.5);
        expect(roundHalfEven(rounded)).toBe(rounded);
        expect(roundHalfEven(-x) + 0).toBe(-rounded + 0);
      }),
    );
  });
});

describe('clamp', () => {
  it('limits to both bounds, and keeps NaN', () => {
    expect([-9, -8, 0, 7, 8, Number.POSITIVE_INFINITY].map((x) => clamp(x, -8, 7))).toEqual([-8, -8, 0, 7, 7, 7]);
    expect(clamp(Number.NaN, 0, 1)).toBeNaN();
  });
});
