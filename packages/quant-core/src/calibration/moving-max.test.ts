import { expect, it } from 'vitest';
import { makeSpec } from '../quant-spec.js';
import { movingMax } from './moving-max.js';

it('is the running mean of the maxima, at the outermost level', () => {
  const observer = movingMax.create();
  const maxima = [3, 5, 1, 4];
  let sum = 0;
  for (const [i, max] of maxima.entries()) {
    observer.observe(Float32Array.of(0.1, i % 2 ? max : -max, -0.2));
    sum += max;
    const mean = sum / (i + 1);
    expect(observer.fit(makeSpec({ bits: 4 })).step).toBeCloseTo(mean / 7, 12);
    expect(observer.fit(makeSpec({ bits: 4, signed: false })).step).toBeCloseTo(mean / 15, 12);
    expect(observer.fit(makeSpec({ bits: 4, grid: 'midrise' })).step).toBeCloseTo(mean / 15, 12);
    expect(observer.fit(makeSpec({ bits: 1 })).step).toBeCloseTo(mean, 12);
  }
});

it('spans the means of the least and greatest values where the grid is affine', () => {
  const observer = movingMax.create();
  observer.observe(Float32Array.of(-1, 6));
  observer.observe(Float32Array.of(-3, 20));
  observer.observe(Float32Array.of(5, 7));
  // Means of -1, -3, 0 and of 6, 20, 7: 11 over 15 steps.
  const fit = observer.fit(makeSpec({ bits: 4, signed: false, affine: true }));
  expect(fit.step).toBeCloseTo((11 + 4 / 3) / 15, 12);
  expect(fit.zeroPoint).toBe(2);
});

it('sums without rounding', () => {
  const largest = Float32Array.of(3.4028234e38);
  const least = Float32Array.of(1e-45);
  const observer = movingMax.create();
  for (const batch of [least, largest, least, least]) observer.observe(batch);
  expect(BigInt(observer.state()['max'] as string)).toBe(3n + (2n ** 24n - 1n) * 2n ** (104n + 149n));
  expect(JSON.stringify(observer.state()).length).toBeLessThan(250);
});
