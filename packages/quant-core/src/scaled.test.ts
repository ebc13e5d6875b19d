import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { mulScale, real } from './scaled.js';

it('real multiplies by the scale of the last axis, and passes null through', () => {
  tf.tidy(() => {
    const value = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    expect(real({ value, scale: null })).toBe(value);
    expect([...real({ value, scale: tf.tensor1d([2]) }).dataSync()]).toEqual([2, 4, 6, 8]);
    expect([...real({ value, scale: tf.tensor1d([2, 10]) }).dataSync()]).toEqual([2, 20, 6, 40]);
  });
});

it('mulScale takes null for 1 and broadcasts one step over channels', () => {
  tf.tidy(() => {
    const [one, two] = [tf.tensor1d([3]), tf.tensor1d([2, 5])];
    expect(mulScale(null, null)).toBeNull();
    expect(mulScale(one, null)).toBe(one);
    expect(mulScale(null, two)).toBe(two);
    expect([...(mulScale(one, two) as tf.Tensor).dataSync()]).toEqual([6, 15]);
  });
});
