import { describe, expect, it } from 'vitest';
import { QuantError } from '../error.js';
import { makeSpec, type QuantSpec } from '../quant-spec.js';
import { percentileOf } from './percentile.js';

const unsigned = makeSpec({ bits: 8, signed: false });

const fit = (percent: number, values: Float32Array, spec: QuantSpec) => {
  const observer = percentileOf(percent).create();
  observer.observe(values);
  return observer.fit(spec);
};

/** 1, 2, ... n. */
const upTo = (n: number) => Float32Array.from({ length: n }, (_, i) => i + 1);

describe('percentileOf', () => {
  it.each([50, 90, 99, 99.9])('holds %d percent of the values, to a bin', (percent) => {
    const clip = fit(percent, upTo(1000), unsigned).step * 255;
    expect(clip).toBeGreaterThanOrEqual(10 * percent);
    expect(clip).toBeLessThan(10 * percent + 2);
  });

  it('weighs each value by the step that it needs', () => {
    // -8 .. 7: -80 needs the step 10, as 70 does.
    const values = Float32Array.from([...new Array(98).fill(1), -80, 71]);
    expect(fit(100, values, makeSpec({ bits: 4 })).step).toBe(71 / 7);
    expect(fit(99, values, makeSpec({ bits: 4 })).step).toBe(10);
    expect(fit(98, values, makeSpec({ bits: 4 })).step).toBeCloseTo(1 / 7, 1);
  });

  it('lets half of the outliers lie on either side where the grid is affine', () => {
    const values = Float32Array.from([...new Array(97).fill(5), -50, -50, 90]);
    const spec = makeSpec({ bits: 8, signed: false, affine: true });
    const span = (percent: number) => {
      const { step, zeroPoint } = fit(percent, values, spec);
      return [-zeroPoint * step, (255 - zeroPoint) * step];
    };
    const close = (got: readonly number[], low: number, high: number) => {
      expect(Math.abs((got[0] as number) - low)).toBeLessThan(0.5);
      expect(Math.abs((got[1] as number) - high)).toBeLessThan(0.5);
    };
    close(span(100), -50, 90);
    close(span(98), -50, 5);
    close(span(96), 0, 5);
  });

  it('does not count values where there are no levels', () => {
    const values = Float32Array.from([...new Array(98).fill(-1000), 3, 7]);
    expect(fit(99, values, unsigned).step).toBeCloseTo(3 / 255, 2);
  });

  it('clips nothing when only zeros would be left', () => {
    const values = new Float32Array(100_000);
    values[7] = 5;
    expect(fit(99.99, values, unsigned).step).toBe(5 / 255);
    expect(fit(99.99, values, makeSpec({ bits: 8, signed: false, affine: true })).step).toBe(5 / 255);
  });

  it('refuses percentages that leave nothing, or more than all', () => {
    for (const bad of [0, -1, 100.1, Number.NaN]) expect(() => percentileOf(bad)).toThrow(QuantError);
  });
});
