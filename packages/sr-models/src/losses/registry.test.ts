import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ModelError } from '../error.js';
import { l1 } from './l1.js';
import { lossByName, losses } from './registry.js';
import type { Loss } from './types.js';

beforeAll(() => useBackend('wasm'));

const entries: readonly (readonly [string, Loss])[] = Object.entries(losses);

describe.each(entries)('loss %s', (key, loss) => {
  it('is found by its name and described', () => {
    expect(loss.name).toBe(key);
    expect(loss.description).not.toBe('');
    expect(lossByName(key)).toBe(loss);
  });

  it('is a scalar, 0 at equality and positive elsewhere, with a finite gradient and no leaks', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const hr = tf.tensor4d([0, 255, 3, 7, 128, 90, 1, 2, 3, 4, 5, 6], [1, 2, 2, 3]);
      const sr = tf.add(hr, 2) as tf.Tensor4D;
      expect(loss.of(hr, hr).shape).toEqual([]);
      expect(loss.of(hr, hr).dataSync()[0]).toBe(0);
      expect(loss.of(sr, hr).dataSync()[0]).toBeGreaterThan(0);
      const grad = tf.grad((x) => loss.of(x as tf.Tensor4D, hr))(sr);
      expect(grad.dataSync().every((value) => Number.isFinite(value) && value > 0)).toBe(true);
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('l1 is the mean absolute error, with the gradient sign / count, 0 at equality', () => {
  tf.tidy(() => {
    const hr = tf.tensor4d([1, 1, 1], [1, 1, 1, 3]);
    const sr = tf.tensor4d([4, 1, -1], [1, 1, 1, 3]);
    const { value, grad } = tf.valueAndGrad((x) => l1.of(x as tf.Tensor4D, hr))(sr);
    expect(value.dataSync()[0]).toBeCloseTo(5 / 3, 6);
    expect(Array.from(grad.dataSync(), (g) => Math.fround(g) + 0)).toEqual([
      Math.fround(1 / 3),
      0,
      Math.fround(-1 / 3),
    ]);
  });
});

it('an unknown name is refused with the choices', () => {
  expect(() => lossByName('valueOf')).toThrow(ModelError);
  expect(() => lossByName('l2')).toThrow('[sr-models] find: loss must be one of l1, got "l2"');
});
