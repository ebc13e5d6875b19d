import { describe, expect, it } from 'vitest';
import { randomNumbers } from '../../test/devices.js';
import { everyGrid, nameOf } from '../../test/grids.js';
import { levelRange } from '../grids.js';
import { makeSpec, type QuantSpec } from '../quant-spec.js';
import { dequantize, quantize } from '../scalar.js';
import { gridError } from './grid-error.js';
import { observeHistogram } from './histogram.js';
import { mse } from './mse.js';
import type { Fit } from './types.js';

function error(values: Float32Array, { step, zeroPoint }: Fit, spec: QuantSpec): number {
  const range = levelRange(spec);
  let sum = 0;
  for (const x of values) sum += (x - dequantize(quantize(x, step, zeroPoint, range), step, zeroPoint)) ** 2;
  return sum / values.length;
}

function fit(values: Float32Array, spec: QuantSpec): Fit {
  const observer = mse.create();
  observer.observe(values);
  return observer.fit(spec);
}

/** Laplace-like values around an offset, a third of them zeros, with a few outliers. */
function heavyTailed(offset = 0): Float32Array {
  const random = randomNumbers(3);
  return Float32Array.from({ length: 2000 }, (_, i) =>
    i % 3 ? offset + Math.sign(random()) * -Math.log(Math.abs(random()) + 1e-9) * (i % 700 > 1 ? 1 : 6) : 0,
  );
}

describe('the error of a grid', () => {
  it.each(everyGrid([1, 2, 4, 8]).map((spec) => [nameOf(spec), spec] as const))(
    'is that of the values, to a bin: %s',
    (_, spec) => {
      const values = heavyTailed(0.3);
      const observer = observeHistogram();
      observer.observe(values);
      const histogram = observer.histogram();
      const range = levelRange(spec);
      for (const step of [0.011, 0.17, 0.9, 40]) {
        const grid = { step, zeroPoint: spec.affine ? Math.round((range.qmin + range.qmax) / 3) : 0 };
        const exact = error(values, grid, spec) * values.length;
        const apart = Math.abs(gridError(histogram)(grid, range) - exact);
        // A value is half a bin from its bin's middle at most.
        const reach = 0.5 * histogram.width;
        expect(apart).toBeLessThan(2 * reach * Math.sqrt(exact * values.length) + values.length * reach ** 2);
      }
    },
  );
});

describe('the grid of least squared error', () => {
  it.each([1, 2, 3, 4])(
    'clips at %i bits on a heavy tail, and all steps of a fine search but for one percent',
    (bits) => {
      const values = heavyTailed();
      for (const spec of everyGrid([bits]).filter(({ affine }) => !affine)) {
        const { qmin, qmax } = levelRange(spec);
        const most = values.reduce((top, x) => Math.max(top, qmin < 0 ? Math.abs(x) : x), 0);
        const full = most / Math.max(qmax, -qmin);
        const best = fit(values, spec);
        expect(best.step, nameOf(spec)).toBeLessThan(full * 0.9);
        let least = Number.POSITIVE_INFINITY;
        for (let i = 1; i <= 300; i++) {
          least = Math.min(least, error(values, { step: (full * i) / 300, zeroPoint: 0 }, spec));
        }
        expect(error(values, best, spec), nameOf(spec)).toBeLessThan(least * 1.01);
      }
    },
  );

  it.each([1, 2, 3, 4])(
    'finds step and zero point at %i bits, but for two percent of what all of them give',
    (bits) => {
      const values = heavyTailed(0.7);
      for (const spec of everyGrid([bits]).filter(({ affine }) => affine)) {
        const range = levelRange(spec);
        let least = Number.POSITIVE_INFINITY;
        for (let zeroPoint = range.qmin; zeroPoint <= range.qmax; zeroPoint++) {
          for (let i = 1; i <= 120; i++) {
            least = Math.min(least, error(values, { step: 4 * 2 ** (-i / 24), zeroPoint }, spec));
          }
        }
        expect(error(values, fit(values, spec), spec), nameOf(spec)).toBeLessThan(least * 1.02);
      }
    },
  );

  it('finds a small step under an outlier a thousand times as large', () => {
    const random = randomNumbers(9);
    const values = Float32Array.from({ length: 100_000 }, () => random());
    values[0] = 1000;
    const spec = makeSpec({ bits: 2, grid: 'midrise' });
    // All that the outlier costs is the same for every small step.
    const { step } = fit(values, spec);
    expect(step).toBeGreaterThan(0.2);
    expect(step).toBeLessThan(0.9);
  });

  it.each(everyGrid([1, 2, 3, 4, 5, 8]).map((spec) => [nameOf(spec), spec] as const))(
    'finds the grid that values lie on: %s',
    (_, spec) => {
      const range = levelRange(spec);
      const zero = spec.affine ? range.qmin + Math.floor((range.qmax - range.qmin) / 3) : 0;
      const all: number[] = [];
      for (let q = range.qmin; q <= range.qmax; q += range.spacing) all.push(q);
      // To half a bin, so that each value gets its own level.
      const best = fit(
        Float32Array.from(all, (q) => (q - zero) * 0.375),
        spec,
      );
      expect(Math.abs(best.step / 0.375 - 1)).toBeLessThan(2e-3);
      expect(best.zeroPoint).toBe(zero);
      expect(all.map((q) => quantize((q - zero) * 0.375, best.step, zero, range) + 0)).toEqual(all.map((q) => q + 0));
    },
  );

  it('reaches steps that clip nothing on the side with fewer levels', () => {
    // Two bits signed are -2..1: the best step for values at 0 and 3 is 3, beyond 3 / 2.
    expect(fit(Float32Array.of(0, 0, 3, 3), makeSpec({ bits: 2 })).step).toBeCloseTo(3, 2);
    expect(fit(Float32Array.of(-3), makeSpec({ bits: 2 })).step).toBeLessThanOrEqual(3);
  });

  it('stays positive where a side has no levels', () => {
    expect(fit(Float32Array.of(-3), makeSpec({ bits: 4, signed: false })).step).toBeGreaterThan(0);
    expect(fit(Float32Array.of(3), makeSpec({ bits: 1 })).step).toBeGreaterThan(0);
  });
});
