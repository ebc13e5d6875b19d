import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { levelRange } from './grids.js';
import { dequantize, quantize, quantizeBias } from './scalar.js';

const shape = fc
  .record({ bits: fc.integer({ min: 2, max: 8 }), signed: fc.boolean(), narrow: fc.boolean() })
  .map((fields) => levelRange({ ...fields, grid: 'midtread' }));
const scale = fc.double({ min: 1e-6, max: 1e6, noNaN: true });

describe('quantize', () => {
  it('rounds half to even around the zero point', () => {
    const range = { qmin: -8, qmax: 7, spacing: 1 as const };
    expect([-1.25, -0.75, -0.25, 0.25, 0.75, 1.25].map((x) => quantize(x, 0.5, 0, range) + 0)).toEqual([
      -2, -2, 0, 0, 2, 2,
    ]);
    expect(quantize(0.25, 0.5, 3, { qmin: 0, qmax: 15, spacing: 1 as const })).toBe(3);
    expect(quantize(0.75, 0.5, 3, { qmin: 0, qmax: 15, spacing: 1 as const })).toBe(5);
  });

  it('keeps every point of the grid', () => {
    fc.assert(
      fc.property(shape, scale, fc.integer({ min: -128, max: 255 }), (range, s, z) => {
        for (let q = range.qmin; q <= range.qmax; q++) expect(quantize(dequantize(q, s, z), s, z, range)).toBe(q);
      }),
      { numRuns: 50 },
    );
  });

  it('stays inside the grid, and within half a step where it does not clip', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), scale, shape, (x, s, range) => {
        const q = quantize(x, s, 0, range);
        expect(q >= range.qmin && q <= range.qmax && Number.isInteger(q)).toBe(true);
        if (q > range.qmin && q < range.qmax) expect(Math.abs(x / s - q)).toBeLessThanOrEqual(0.5);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes infinities to the ends, zero to the zero point, NaN to NaN', () => {
    const range = { qmin: 0, qmax: 15, spacing: 1 as const };
    expect(quantize(Number.POSITIVE_INFINITY, 1, 4, range)).toBe(15);
    expect(quantize(Number.NEGATIVE_INFINITY, 1, 4, range)).toBe(0);
    expect(quantize(0, 0.1, 4, range)).toBe(4);
    expect(quantize(Number.NaN, 1, 4, range)).toBeNaN();
  });
});

describe('quantizeBias', () => {
  it('rounds half to even within int32', () => {
    expect(quantizeBias(1.25, 0.5)).toBe(2);
    expect(quantizeBias(1.75, 0.5)).toBe(4);
    expect(quantizeBias(1e30, 1e-9)).toBe(2 ** 31 - 1);
    expect(quantizeBias(-1e30, 1e-9)).toBe(-(2 ** 31));
  });
});
