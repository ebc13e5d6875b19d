import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { devices } from '../test/devices.js';
import { roundThrough } from './round-through.js';
import { stopGradient } from './stop-gradient.js';

describe.each(devices)('on %s', (device) => {
  beforeAll(() => useBackend(device));

  it('roundThrough rounds half to even with the gradient of the identity', () => {
    tf.tidy(() => {
      const { value, grad } = tf.valueAndGrad((x) => roundThrough(x))(tf.tensor1d([0.5, 1.5, -2.4, 1e6]));
      expect(Array.from(value.dataSync(), (q) => q + 0)).toEqual([0, 2, -2, 1e6]);
      expect([...grad.dataSync()]).toEqual([1, 1, 1, 1]);
    });
  });

  it('stopGradient keeps the values, and their gradient is 0', () => {
    tf.tidy(() => {
      const { value, grad } = tf.valueAndGrad((x) => tf.mul(stopGradient(x), x))(tf.tensor1d([0.5, -3]));
      expect([...value.dataSync()]).toEqual([0.25, 9]);
      expect([...grad.dataSync()]).toEqual([0.5, -3]);
    });
  });
});
