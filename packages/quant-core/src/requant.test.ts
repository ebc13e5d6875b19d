import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuantError } from './error.js';
import { deriveMultiplier, MAX_SHIFT, MIN_SHIFT, requantize, scaleAccumulator } from './requant.js';

/** The formula in integers of any size; `>>` of a BigInt is a floor. */
function exact(acc: number, multiplier: number, shift: number): bigint {
  return (BigInt(acc) * BigInt(multiplier) + (1n << BigInt(shift - 1))) >> BigInt(shift);
}

const accumulator = fc.oneof(
  fc.integer(),
  fc.integer({ min: -1000, max: 1000 }),
  fc.constantFrom(-(2 ** 31), 1 - 2 ** 31, 2 ** 31 - 1, 2 ** 31 - 2, -1, 0, 1),
);
const multiplier = fc.oneof(
  fc.integer({ min: 2 ** 30, max: 2 ** 31 - 1 }),
  fc.constantFrom(2 ** 30, 2 ** 30 + 1, 2 ** 31 - 1, 2 ** 31 - 65536, 2 ** 30 + 65535),
);
const shifts = Array.from({ length: MAX_SHIFT - MIN_SHIFT + 1 }, (_, i) => MIN_SHIFT + i);

describe('scaleAccumulator', () => {
  it.each(shifts)('equals the integer formula over all of int32, shift %i', (shift) => {
    fc.assert(
      fc.property(accumulator, multiplier, (acc, m) => {
        expect(BigInt(scaleAccumulator(acc, { multiplier: m, shift }))).toBe(exact(acc, m, shift));
      }),
      { numRuns: 400, seed: shift },
    );
  });

  it('equals it at ties and next to them', () => {
    for (const shift of shifts) {
      // m = 2^30: acc * m / 2^shift is a tie where acc is an odd multiple of 2^(shift - 31).
      const step = 2 ** (shift - 31);
      if (step < 1) continue;
      for (let k = -9; k <= 9; k += 2) {
        for (const acc of [k * step - 1, k * step, k * step + 1]) {
          if (acc < -(2 ** 31) || acc >= 2 ** 31) continue;
          const factor = { multiplier: 2 ** 30, shift };
          expect(BigInt(scaleAccumulator(acc, factor)), `${acc} ${shift}`).toBe(exact(acc, 2 ** 30, shift));
        }
        if (k * step < 2 ** 31)
          expect(scaleAccumulator(k * step, { multiplier: 2 ** 30, shift }) + 0).toBe((k + 1) / 2 + 0);
      }
    }
  });
});

describe('deriveMultiplier', () => {
  it('is normalized and within 2^-31 of the factor', () => {
    const factor = fc
      .tuple(fc.integer({ min: -32, max: 13 }), fc.double({ min: 1, max: 2, maxExcluded: true, noNaN: true }))
      .map(([exponent, mantissa]) => mantissa * 2 ** exponent);
    fc.assert(
      fc.property(factor, (real) => {
        const { multiplier: m, shift } = deriveMultiplier(real);
        expect(Number.isInteger(m) && m >= 2 ** 30 && m < 2 ** 31).toBe(true);
        expect(Number.isInteger(shift) && shift >= MIN_SHIFT && shift <= MAX_SHIFT).toBe(true);
        expect(Math.abs(m / 2 ** shift - real) / real).toBeLessThanOrEqual(
          2 ** -31 + (real >= 2 ** 14 - 2 ** -17 ? 2 ** -31 : 0),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('is exact for powers of two', () => {
    for (let exponent = -32; exponent <= 13; exponent++) {
      expect(deriveMultiplier(2 ** exponent)).toEqual({ multiplier: 2 ** 30, shift: 30 - exponent });
    }
  });

  it('carries over next to a power of two', () => {
    for (let exponent = -32; exponent < 13; exponent++) {
      expect(deriveMultiplier(2 ** (exponent + 1) * (1 - 2 ** -53))).toEqual({
        multiplier: 2 ** 30,
        shift: 29 - exponent,
      });
    }
    expect(deriveMultiplier(2 ** 14 * (1 - 2 ** -53))).toEqual({ multiplier: 2 ** 31 - 1, shift: MIN_SHIFT });
  });

  it.each([0, -1, 2 ** -33, 2 ** 14, Number.POSITIVE_INFINITY, Number.NaN])('refuses %d', (factor) => {
    expect(() => deriveMultiplier(factor)).toThrow(QuantError);
  });
});

describe('requantize', () => {
  it('rounds half up and clamps, after the zero point', () => {
    const half = deriveMultiplier(0.5);
    const range = { qmin: -8, qmax: 7, spacing: 1 as const };
    expect([-3, -2, -1, 0, 1, 2, 3].map((acc) => requantize(acc, half, 0, range) + 0)).toEqual([-1, -1, 0, 0, 1, 1, 2]);
    expect(requantize(100, half, 0, range)).toBe(7);
    expect(requantize(-100, half, 0, range)).toBe(-8);
    expect(requantize(-100, half, 60, { qmin: 0, qmax: 255, spacing: 1 as const })).toBe(10);
  });

  it('equals the formula, and rises with the accumulator', () => {
    fc.assert(
      fc.property(
        accumulator,
        accumulator,
        multiplier,
        fc.constantFrom(...shifts),
        fc.integer({ min: -128, max: 255 }),
        (a, b, m, shift, z) => {
          const factor = { multiplier: m, shift };
          const range = { qmin: -128, qmax: 255, spacing: 1 as const };
          const wanted = exact(a, m, shift) + BigInt(z);
          expect(requantize(a, factor, z, range) + 0).toBe(
            wanted < -128n ? -128 : wanted > 255n ? 255 : Number(wanted),
          );
          const [low, high] = [Math.min(a, b), Math.max(a, b)];
          expect(requantize(low, factor, z, range)).toBeLessThanOrEqual(requantize(high, factor, z, range));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
