import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomNumbers } from '../../test/devices.js';
import { everyGrid, nameOf } from '../../test/grids.js';
import { QuantError } from '../error.js';
import { levelRange } from '../grids.js';
import { makeSpec } from '../quant-spec.js';
import { calibrationByName, calibrations } from './registry.js';
import type { Calibration, Observer, ObserverState } from './types.js';

const entries: readonly (readonly [string, Calibration])[] = Object.entries(calibrations);
const specs = everyGrid([1, 2, 4, 8]);

/** float32 values of all magnitudes, zeros of both signs, subnormal ones and the largest among them. */
const float32s = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { maxLength: 40 });

describe.each(entries)('calibration %s', (key, calibration) => {
  const random = randomNumbers(5);
  const batches = Array.from({ length: 6 }, (_, b) =>
    Float32Array.from({ length: 400 }, () => random() ** 3 * (b + 1)),
  );
  const fits = (observer: Observer) => specs.map((spec) => observer.fit(spec));
  const having = (...seen: readonly Float32Array[]): Observer => {
    const observer = calibration.create();
    for (const batch of seen) observer.observe(batch);
    return observer;
  };

  it('is found by its name and described', () => {
    expect(calibration.name).toBe(key);
    expect(calibration.description).not.toBe('');
    expect(calibrationByName(key)).toBe(calibration);
  });

  it('gives step 1 to what was always zero or never seen', () => {
    const unit = specs.map(() => ({ step: 1, zeroPoint: 0 }));
    const observer = calibration.create();
    expect(fits(observer)).toEqual(unit);
    observer.observe(new Float32Array(100));
    observer.observe(new Float32Array(0));
    observer.observe(Float32Array.of(-0));
    expect(fits(observer)).toEqual(unit);
  });

  it('gives a step that float32 holds, and a level as zero point, whatever was seen', () => {
    fc.assert(
      fc.property(fc.array(float32s, { maxLength: 4 }), (parts) => {
        const observer = having(...parts.map((part) => Float32Array.from(part)));
        for (const spec of specs) {
          const { step, zeroPoint } = observer.fit(spec);
          const { qmin, qmax } = levelRange(spec);
          expect(Math.fround(step) >= 2 ** -126 && Number.isFinite(Math.fround(step))).toBe(true);
          if (!spec.affine) expect(zeroPoint).toBe(0);
          else expect(Number.isInteger(zeroPoint) && zeroPoint >= qmin && zeroPoint <= qmax).toBe(true);
        }
      }),
      { numRuns: 12 },
    );
  });

  it('puts the levels about where the values are', () => {
    const values = Float32Array.from({ length: 4000 }, () => random() * 3 + 1.5);
    for (const spec of specs.filter(({ bits }) => bits >= 4)) {
      const { step, zeroPoint } = having(values).fit(spec);
      const { qmin, qmax } = levelRange(spec);
      expect((qmax - zeroPoint) * step, nameOf(spec)).toBeGreaterThan(3);
      expect((qmax - zeroPoint) * step, nameOf(spec)).toBeLessThan(5.5);
      if (spec.affine) expect((qmin - zeroPoint) * step, nameOf(spec)).toBeLessThan(-1.2);
      if (spec.affine) expect((qmin - zeroPoint) * step, nameOf(spec)).toBeGreaterThan(-1.8);
    }
  });

  it('scales with the values', () => {
    const plain = fits(having(...batches));
    const scaled = fits(having(...batches.map((batch) => batch.map((x) => x * 1024))));
    expect(scaled).toEqual(plain.map(({ step, zeroPoint }) => ({ step: step * 1024, zeroPoint })));
  });

  it('goes on from a state that went through JSON as if never stopped', () => {
    const straight = having(...batches);
    for (let stop = 0; stop <= batches.length; stop++) {
      const first = having(...batches.slice(0, stop));
      const second = calibration.create(JSON.parse(JSON.stringify(first.state())) as ObserverState);
      for (const batch of batches.slice(stop)) second.observe(batch);
      expect(second.state()).toEqual(straight.state());
      expect(second.fit(makeSpec({ bits: 4 }))).toEqual(straight.fit(makeSpec({ bits: 4 })));
    }
  });

  it('merges parts of a stream into the very state of the whole, in any order and grouping', () => {
    fc.assert(
      fc.property(fc.array(float32s, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 6 }), (parts, picks) => {
        const arrays = parts.map((part) => Float32Array.from(part));
        const whole = having(...arrays).state();
        const states = arrays.map((part) => having(part).state());
        // Folds two states into one, in an order that the picks decide, until one is left.
        for (let i = 0; states.length > 1; i++) {
          const [one] = states.splice((picks[i] ?? 0) % states.length, 1) as [ObserverState];
          const at = (picks[i + 1] ?? 1) % states.length;
          const into = calibration.create(states[at]);
          into.merge(one);
          states[at] = JSON.parse(JSON.stringify(into.state())) as ObserverState;
        }
        expect(states[0] ?? calibration.create().state()).toEqual(whole);
      }),
    );
  });

  it('refuses NaN and infinity, and is not changed by them', () => {
    const observer = having(batches[0] as Float32Array);
    const before = observer.state();
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(() => observer.observe(Float32Array.of(9, bad))).toThrow(QuantError);
      expect(() => observer.observe(Float32Array.of(9, bad))).toThrow(`values must be finite, got ${bad} at 1`);
    }
    expect(observer.state()).toEqual(before);
  });

  it('refuses a state that is not its own, and is not changed by it', () => {
    const observer = having(batches[0] as Float32Array);
    const before = observer.state();
    const good = having(batches[1] as Float32Array).state();
    for (const field of Object.keys(good)) {
      for (const value of [Number.NaN, 'x', '-', null, undefined, [1]]) {
        const bad = { ...good, [field]: value } as ObserverState;
        expect(() => calibration.create(bad)).toThrow(`state must hold a valid ${field}`);
        expect(() => observer.merge(bad)).toThrow(QuantError);
      }
    }
    expect(() => calibration.create({})).toThrow(QuantError);
    expect(observer.state()).toEqual(before);
  });

  it('does not share state between observers', () => {
    const [a, b] = [calibration.create(), calibration.create()];
    a.observe(Float32Array.of(100));
    expect(b.fit(makeSpec({ bits: 4 })).step).toBe(1);
  });
});

it('an unknown name is refused with the choices', () => {
  expect(() => calibrationByName('valueOf')).toThrow(QuantError);
  expect(() => calibrationByName('kl')).toThrow(
    'calibration must be one of moving-max, min-max, percentile, mse, entropy, got "kl"',
  );
});
