import { describe, expect, it } from 'vitest';
import { randomNumbers } from '../../test/devices.js';
import { QuantError } from '../error.js';
import { makeSpec } from '../quant-spec.js';
import { calibrationByName, calibrations } from './registry.js';
import type { Calibration, ObserverState } from './types.js';

const entries: readonly (readonly [string, Calibration])[] = Object.entries(calibrations);
const specs = [1, 2, 4, 8].flatMap((bits) => [true, false].map((signed) => makeSpec({ bits, signed })));

describe.each(entries)('calibration %s', (key, calibration) => {
  const random = randomNumbers(5);
  const batches = Array.from({ length: 6 }, (_, b) =>
    Float32Array.from({ length: 400 }, () => random() ** 3 * (b + 1)),
  );
  const steps = (observer: ReturnType<typeof calibration.create>) => specs.map((spec) => observer.fit(spec).step);

  it('is found by its name and described', () => {
    expect(calibration.name).toBe(key);
    expect(calibration.description).not.toBe('');
    expect(calibrationByName(key)).toBe(calibration);
  });

  it('gives a positive step, 1 for what was always zero or never seen', () => {
    const observer = calibration.create();
    expect(steps(observer)).toEqual(specs.map(() => 1));
    observer.observe(new Float32Array(100));
    observer.observe(new Float32Array(0));
    expect(steps(observer)).toEqual(specs.map(() => 1));
    observer.observe(Float32Array.of(1e-20, 0));
    for (const step of steps(observer)) expect(step > 0 && Number.isFinite(step)).toBe(true);
  });

  it('scales with the values', () => {
    const [plain, scaled] = [calibration.create(), calibration.create()];
    for (const batch of batches) {
      plain.observe(batch);
      scaled.observe(batch.map((x) => x * 1024));
    }
    for (const [i, step] of steps(plain).entries()) expect((steps(scaled)[i] as number) / 1024).toBeCloseTo(step, 10);
  });

  it('goes on from a state that went through JSON as if never stopped', () => {
    for (let stop = 0; stop <= batches.length; stop++) {
      const straight = calibration.create();
      for (const batch of batches) straight.observe(batch);
      const first = calibration.create();
      for (const batch of batches.slice(0, stop)) first.observe(batch);
      const second = calibration.create(JSON.parse(JSON.stringify(first.state())) as ObserverState);
      for (const batch of batches.slice(stop)) second.observe(batch);
      expect(steps(second)).toEqual(steps(straight));
      expect(second.state()).toEqual(straight.state());
    }
  });

  it('refuses NaN and infinity, and is not changed by them', () => {
    const observer = calibration.create();
    observer.observe(batches[0] as Float32Array);
    const before = observer.state();
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(() => observer.observe(Float32Array.of(9, bad))).toThrow(QuantError);
      expect(() => observer.observe(Float32Array.of(9, bad))).toThrow(`values must be finite, got ${bad} at 1`);
    }
    expect(observer.state()).toEqual(before);
  });

  it('does not share state between observers', () => {
    const [a, b] = [calibration.create(), calibration.create()];
    a.observe(Float32Array.of(100));
    expect(steps(b)).toEqual(specs.map(() => 1));
  });
});

it('an unknown name is refused with the choices', () => {
  expect(() => calibrationByName('valueOf')).toThrow(QuantError);
  expect(() => calibrationByName('kl')).toThrow('calibration must be one of moving-max, mse, got "kl"');
});
