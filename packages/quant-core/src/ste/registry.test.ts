import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { devices, randomNumbers } from '../../test/devices.js';
import { roundWith } from '../../test/ste.js';
import { QuantError } from '../error.js';
import { clamp, roundHalfEven } from '../round.js';
import { steByName, stes } from './registry.js';

describe.each(devices)('on %s', (device) => {
  beforeAll(() => useBackend(device));

  describe.each(Object.entries(stes))('straight-through estimator %s', (key, ste) => {
    const range = { qmin: -8, qmax: 7, spacing: 1 } as const;
    const random = randomNumbers(7);
    const values = Float32Array.from({ length: 500 }, (_, i) => (i < 60 ? i / 2 - 15 : random() * 20));
    const round = (x: ArrayLike<number>) =>
      tf.tidy(() => Array.from(roundWith(ste, tf.tensor1d(Float32Array.from(x)), range).dataSync(), (q) => q + 0));

    it('is found by its name and described', () => {
      expect(ste.name).toBe(key);
      expect(ste.description).not.toBe('');
      expect(steByName(key)).toBe(ste);
    });

    it('rounds to the levels of the grid, half to even', () => {
      const wanted = [...values].map((x) => roundHalfEven(clamp(x, range.qmin, range.qmax)) + 0);
      expect(round(values)).toEqual(wanted);
      expect(round(wanted)).toEqual(wanted);
    });

    it('has a finite gradient of the same shape, and leaks no tensors', () => {
      const x = tf.tensor4d(values, [5, 5, 5, 4]);
      const before = tf.memory().numTensors;
      tf.tidy(() => {
        const grad = tf.grad((t) => roundWith(ste, t, range))(x);
        expect(grad.shape).toEqual([5, 5, 5, 4]);
        expect(grad.dataSync().every(Number.isFinite)).toBe(true);
      });
      expect(tf.memory().numTensors).toBe(before);
      x.dispose();
    });
  });
});

it('an unknown name is refused with the choices', () => {
  expect(() => steByName('hasOwnProperty')).toThrow(QuantError);
  expect(() => steByName('soft')).toThrow('[quant-core] find: ste must be one of clipped, got "soft"');
});
