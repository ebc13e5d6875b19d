import { describe, expect, it } from 'vitest';
import { randomNumbers } from '../../test/devices.js';
import { levelRange } from '../grids.js';
import { makeSpec, type QuantSpec } from '../quant-spec.js';
import { dequantize, quantize } from '../scalar.js';
import { bestStep, mse } from './mse.js';

function error(values: Float32Array, step: number, spec: QuantSpec): number {
  const range = levelRange(spec);
  const squares = values.map((x) => (x - dequantize(quantize(x, step, 0, range), step, 0)) ** 2);
  return squares.reduce((a, b) => a + b, 0) / values.length;
}

function stepFor(values: Float32Array, spec: QuantSpec): number {
  const observer = mse.create();
  observer.observe(values);
  return observer.fit(spec).step;
}

/** Laplace-like values with a few outliers. */
function heavyTailed(): Float32Array {
  const random = randomNumbers(3);
  return Float32Array.from(
    { length: 5000 },
    (_, i) => Math.sign(random()) * -Math.log(Math.abs(random()) + 1e-9) * (i % 1000 ? 1 : 6),
  );
}

describe('the step of least squared error', () => {
  it.each([2, 3, 4])(
    'beats the full range at %i bits on a heavy tail, and every step of a fine search within 2 %%',
    (bits) => {
      const values = heavyTailed();
      const spec = makeSpec({ bits });
      const full = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0) / levelRange(spec).qmax;
      const step = stepFor(values, spec);
      expect(step).toBeLessThan(full);
      expect(error(values, step, spec)).toBeLessThan(error(values, full, spec) / 1.5);
      let least = Number.POSITIVE_INFINITY;
      for (let i = 1; i <= 400; i++) least = Math.min(least, error(values, (full * i) / 400, spec));
      expect(error(values, step, spec)).toBeLessThan(least * 1.02);
    },
  );

  it.each([1, 2, 3, 4, 5, 8].flatMap((bits) => [true, false].map((signed) => makeSpec({ bits, signed }))))(
    'finds the grid that values lie on: $bits bits, signed $signed',
    (spec) => {
      const range = levelRange(spec);
      const all = Array.from({ length: range.qmax - range.qmin + 1 }, (_, i) => range.qmin + i);
      const bins = all.map((q) => ({ x: q * 0.375, count: 1 }));
      expect(bestStep(bins, range)).toBe(0.375);
      // Through the histogram: the step to half a bin, so that each value gets its own level.
      const step = stepFor(
        Float32Array.from(all, (q) => q * 0.375),
        spec,
      );
      expect(Math.abs(step / 0.375 - 1)).toBeLessThan(1e-3);
      expect(all.map((q) => quantize(q * 0.375, step, 0, range) + 0)).toEqual(all.map((q) => q + 0));
    },
  );

  it('reaches steps that clip nothing on the side with fewer levels', () => {
    // Two bits signed are -2..1: the best step for values at 0 and 3 is 3, beyond 3 / 2.
    expect(
      bestStep(
        [
          { x: 0, count: 5 },
          { x: 3, count: 5 },
        ],
        { qmin: -2, qmax: 1, spacing: 1 as const },
      ),
    ).toBe(3);
    expect(bestStep([{ x: -3, count: 5 }], { qmin: -2, qmax: 1, spacing: 1 as const })).toBeLessThanOrEqual(3);
  });

  it('stays positive where a side has no levels', () => {
    expect(bestStep([{ x: -3, count: 1 }], { qmin: 0, qmax: 15, spacing: 1 as const })).toBeGreaterThan(0);
    expect(bestStep([{ x: 3, count: 1 }], { qmin: -1, qmax: 0, spacing: 1 as const })).toBeGreaterThan(0);
  });
});

describe('the histogram', () => {
  it('keeps every count while its limit doubles, and finds about the same step in any order', () => {
    const values = heavyTailed();
    const growing = mse.create();
    for (const factor of [1e-3, 0.1, 1]) growing.observe(values.map((x) => x * factor));
    const shrinking = mse.create();
    for (const factor of [1, 0.1, 1e-3]) shrinking.observe(values.map((x) => x * factor));
    const total = (observer: typeof growing) =>
      (observer.state()['counts'] as readonly number[]).reduce((a, b) => a + b, 0);
    expect(total(growing)).toBe(15000);
    expect(total(shrinking)).toBe(15000);
    const spec = makeSpec({ bits: 4 });
    expect(growing.fit(spec).step / shrinking.fit(spec).step).toBeCloseTo(1, 1);
  });
});
