import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { devices, randomNumbers } from '../../test/devices.js';
import { roundWith } from '../../test/ste.js';
import { softSteps } from '../../test/ste-truth.js';
import { QuantError } from '../error.js';
import type { LevelRange } from '../grids.js';
import { clamp } from '../round.js';
import { nearestLevel } from '../scalar.js';
import { type SteName, steByName, stes } from './registry.js';
import type { Ste } from './types.js';

const entries = Object.entries(stes) as readonly [SteName, Ste][];
const ranges: readonly LevelRange[] = [
  { qmin: -8, qmax: 7, spacing: 1 },
  { qmin: 0, qmax: 1, spacing: 1 },
  { qmin: -7, qmax: 7, spacing: 2 },
  { qmin: -1, qmax: 1, spacing: 2 },
];

describe.each(devices)('on %s', (device) => {
  beforeAll(() => useBackend(device));

  describe.each(entries)('straight-through estimator %s', (key, ste) => {
    const random = randomNumbers(7);
    const values = Float32Array.from({ length: 500 }, (_, i) => (i < 80 ? i / 4 - 10 : random() * 20));
    const round = (x: ArrayLike<number>, range: LevelRange) =>
      tf.tidy(() => Array.from(roundWith(ste, tf.tensor1d(Float32Array.from(x)), range).dataSync(), (q) => q + 0));

    it('is found by its name and described', () => {
      expect(ste.name).toBe(key);
      expect(ste.description).not.toBe('');
      expect(ste.formula).toMatch(/^d[qr]/);
      expect(steByName(key)).toBe(ste);
      expect(ste.refuses?.(ste.options) ?? null).toBeNull();
    });

    it('rounds to the levels of every grid: half to even, or to a neighbour', () => {
      for (const range of ranges) {
        const levels = round(values, range);
        for (const [i, level] of levels.entries()) {
          const r = clamp(values[i] as number, range.qmin, range.qmax);
          if (ste.rounding === 'nearest') expect(level).toBe(nearestLevel(r, range.spacing) + 0);
          else expect(Math.abs(level - r)).toBeLessThan(range.spacing);
          expect(Math.abs(level - range.qmin) % range.spacing).toBe(0);
        }
        expect(round(levels, range)).toEqual(levels);
      }
    });

    it('has a finite gradient of the same shape, and leaks no tensors', () => {
      const x = tf.tensor4d(values, [5, 5, 5, 4]);
      const before = tf.memory().numTensors;
      for (const range of ranges) {
        tf.tidy(() => {
          const grad = tf.grad((t) => roundWith(ste, t, range))(x);
          expect(grad.shape).toEqual([5, 5, 5, 4]);
          expect(grad.dataSync().every(Number.isFinite)).toBe(true);
        });
      }
      expect(tf.memory().numTensors).toBe(before);
      x.dispose();
    });
  });

  it.each(Object.entries(softSteps))('%s is the slope of its soft curve, by finite differences', (key, curve) => {
    const ste = steByName(key);
    for (const range of ranges) {
      const { qmin, qmax, spacing } = range;
      const points = [0.03, 0.2, 0.41, 0.5, 0.66, 0.87, 0.98].flatMap((f) => [
        { f, r: qmin + f * spacing },
        { f, r: qmax - spacing + f * spacing },
      ]);
      const slopes = tf.tidy(() => {
        const r = tf.tensor1d(points.map((point) => point.r));
        return [
          ...tf
            .grad((t) => roundWith(ste, t, range))(r)
            .dataSync(),
        ];
      });
      for (const [i, { f }] of points.entries()) {
        const difference = (curve(f + 1e-6, ste.options) - curve(f - 1e-6, ste.options)) / 2e-6;
        expect(slopes[i]).toBeCloseTo(difference, 4);
      }
    }
    expect(curve(0, ste.options)).toBeCloseTo(0, 9);
    expect(curve(1, ste.options)).toBeCloseTo(1, 9);
  });

  it('stochastic rounding gives the value itself in the mean, and the same levels for the same seed', () => {
    const range = { qmin: -2, qmax: 2, spacing: 1 } as const;
    const at = (r: number, seed: number): number[] =>
      tf.tidy(() => Array.from(roundWith(stes.stochastic, tf.fill([20000], r), range, seed).dataSync()));
    for (const r of [-1.75, -0.5, 0.1, 1.999]) {
      const mean = at(r, 1).reduce((a, b) => a + b, 0) / 20000;
      const fraction = r - Math.floor(r);
      // Four standard deviations.
      expect(Math.abs(mean - r)).toBeLessThan(4 * Math.sqrt((fraction * (1 - fraction)) / 20000));
    }
    expect(at(0.5, 3)).toEqual(at(0.5, 3));
    expect(at(0.5, 3)).not.toEqual(at(0.5, 4));
  });
});

it('an unknown name is refused with the choices', () => {
  expect(() => steByName('hasOwnProperty')).toThrow(QuantError);
  expect(() => steByName('soft')).toThrow('[quant-core] find: ste must be one of clipped, identity, ste-scale,');
});
