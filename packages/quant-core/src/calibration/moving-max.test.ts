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
    expect(observer.fit(makeSpec({ bits: 1 })).step).toBeCloseTo(mean, 12);
  }
  expect(observer.state()).toEqual({ calls: 4, max: 3.25 });
});
