import { expect, it } from 'vitest';
import { makeSpec } from '../quant-spec.js';
import { minMax } from './min-max.js';

const fit = (values: readonly number[], spec: Parameters<typeof makeSpec>[0]) => {
  const observer = minMax.create();
  for (const value of values) observer.observe(Float32Array.of(value));
  return observer.fit(makeSpec(spec));
};

it('is the least grid that clips nothing', () => {
  expect(fit([-8, 3, 6], { bits: 4 })).toEqual({ step: 1, zeroPoint: 0 });
  expect(fit([-8, 3, 14], { bits: 4 })).toEqual({ step: 2, zeroPoint: 0 });
  expect(fit([-8, 7], { bits: 4, narrow: true })).toEqual({ step: 8 / 7, zeroPoint: 0 });
  expect(fit([-8, 30], { bits: 4, signed: false })).toEqual({ step: 2, zeroPoint: 0 });
  expect(fit([-30, 15], { bits: 4, grid: 'midrise' })).toEqual({ step: 2, zeroPoint: 0 });
  expect(fit([-3, 0.5], { bits: 1 })).toEqual({ step: 3, zeroPoint: 0 });
});

it('spans both ends and zero where the grid is affine', () => {
  expect(fit([-5, 10], { bits: 4, signed: false, affine: true })).toEqual({ step: 1, zeroPoint: 5 });
  expect(fit([-5, 10], { bits: 4, affine: true })).toEqual({ step: 1, zeroPoint: -3 });
  expect(fit([15, 30], { bits: 4, signed: false, affine: true })).toEqual({ step: 2, zeroPoint: 0 });
  expect(fit([-30, -15], { bits: 4, signed: false, affine: true })).toEqual({ step: 2, zeroPoint: 15 });
});
