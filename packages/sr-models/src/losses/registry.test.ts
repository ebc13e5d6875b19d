import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ModelError } from '../error.js';
import { CHARBONNIER_EPSILON } from './charbonnier.js';
import { lossByName, losses, lossName, lossWeights } from './registry.js';
import type { Loss, LossContext } from './types.js';

beforeAll(() => useBackend('wasm'));

/** Two easy feature maps: half the image, and what it is after a ReLU at 100, weighted by 3. */
const context: LossContext = {
  features: {
    of: (images) => [
      { layer: 'half', weight: 1, value: tf.mul(images, 0.5) as tf.Tensor4D },
      { layer: 'bright', weight: 3, value: tf.relu(tf.sub(images, 100) as tf.Tensor4D) },
    ],
    dispose: () => {},
  },
};
const entries: readonly (readonly [string, Loss])[] = Object.entries(losses);
const image = (...values: number[]) => tf.tensor4d(values, [1, 1, values.length / 3, 3]);

/** Value and gradient in `sr`. */
function valueAndGrad(name: string, sr: readonly number[], hr: readonly number[]) {
  return tf.tidy(() => {
    const { value, grad } = tf.valueAndGrad((x) => lossByName(name).of(x as tf.Tensor4D, image(...hr), context))(
      image(...sr),
    );
    return { value: value.dataSync()[0] as number, grad: Array.from(grad.dataSync(), (g) => g + 0) };
  });
}

describe.each(entries)('loss %s', (key, loss) => {
  it('is found by its name and described', () => {
    expect(loss.name).toBe(key);
    expect(loss.description).not.toBe('');
    expect(lossByName(key)).toBe(loss);
  });

  it('is a scalar, 0 at equality and positive elsewhere, with a finite gradient that leads down, and no leaks', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const hr = tf.tensor4d([0, 255, 3, 7, 128, 90, 1, 2, 3, 4, 5, 6, 9, 8, 7, 70, 80, 90], [1, 2, 3, 3]);
      const sr = tf.add(
        hr,
        tf.tensor4d([9, -5, 3, 7, 8, -9, 1, 2, 3, 4, 5, 6, -9, 8, 7, 7, 8, 9], [1, 2, 3, 3]),
      ) as tf.Tensor4D;
      const of = (x: tf.Tensor) => loss.of(x as tf.Tensor4D, hr, context);
      expect(of(hr).shape).toEqual([]);
      expect(of(hr).dataSync()[0]).toBe(0);
      const [value, grad] = [of(sr).dataSync()[0] as number, tf.grad(of)(sr)];
      expect(value).toBeGreaterThan(0);
      expect(grad.dataSync().every(Number.isFinite)).toBe(true);
      const along = tf.sum(tf.square(grad)).dataSync()[0] as number;
      expect(of(tf.sub(sr, tf.mul(grad, (0.01 * value) / along))).dataSync()[0]).toBeLessThan(value);
      const atEquality = tf.grad(of)(hr).dataSync();
      expect(Array.from(atEquality, (g) => g + 0)).toEqual(new Array(18).fill(0));
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('by hand', () => {
  const [hr, sr] = [
    [1, 1, 1],
    [4, 1, -1],
  ];

  it('l1 is the mean absolute error, with the gradient sign / count, 0 at equality', () => {
    const { value, grad } = valueAndGrad('l1', sr, hr);
    expect(value).toBeCloseTo(5 / 3, 6);
    expect(grad).toEqual([Math.fround(1 / 3), 0, Math.fround(-1 / 3)]);
  });

  it('mse is the mean squared error, with the gradient 2 error / count', () => {
    const { value, grad } = valueAndGrad('mse', sr, hr);
    expect(value).toBeCloseTo(13 / 3, 6);
    for (const [i, wanted] of [2, 0, -4 / 3].entries()) expect(grad[i]).toBeCloseTo(wanted, 6);
  });

  it('charbonnier is the smooth one: error / root / count', () => {
    const roots = [3, 0, 2].map((error) => Math.hypot(error, CHARBONNIER_EPSILON));
    const { value, grad } = valueAndGrad('charbonnier', sr, hr);
    expect(value).toBeCloseTo(roots.reduce((a, b) => a + b) / 3 - CHARBONNIER_EPSILON, 6);
    for (const [i, error] of [3, 0, -2].entries()) {
      expect(grad[i]).toBeCloseTo(error / (roots[i] as number) / 3, 6);
    }
  });

  it('perceptual weighs the mean absolute errors of the layers, perceptual-mse the squared ones', () => {
    // Half: errors 2, 0, 5; bright: only the last one, 104 against 100 - 0, by 4 of its 10.
    const [a, b] = [
      [14, 1, 104],
      [10, 1, 94],
    ];
    expect(valueAndGrad('perceptual', a, b).value).toBeCloseTo((2 + 5) / 3 + (3 * 4) / 3, 5);
    expect(valueAndGrad('perceptual-mse', a, b).value).toBeCloseTo((4 + 25) / 3 + (3 * 16) / 3, 4);
    const { grad } = valueAndGrad('perceptual', a, b);
    for (const [i, wanted] of [0.5 / 3, 0, 0.5 / 3 + 1].entries()) expect(grad[i]).toBeCloseTo(wanted, 6);
  });

  it('multi-scale-gradient sees edges, not offsets', () => {
    const flat = new Array(12).fill(20);
    expect(valueAndGrad('multi-scale-gradient', flat, new Array(12).fill(90)).value).toBe(0);
    // One row of four pixels, an edge of 6 in the middle: differences 0, 6, 0; halved 6; quartered nothing. Parts 2 and 6.
    const edge = [20, 20, 20, 20, 20, 20, 26, 26, 26, 26, 26, 26];
    const { value, grad } = valueAndGrad('multi-scale-gradient', edge, flat);
    expect(value).toBeCloseTo((2 + 6) / 2, 5);
    // d/d(second pixel, one channel) = (-1/9 - 1/2/3) / 2.
    expect(grad[3]).toBeCloseTo((-1 / 9 - 1 / 6) / 2, 6);
  });
});

describe('objectives', () => {
  it('are written as a name, as weights, or as text', () => {
    expect(lossWeights('l1')).toEqual({ l1: 1 });
    expect(lossWeights('l1=0.01, perceptual')).toEqual({ l1: 0.01, perceptual: 1 });
    expect(lossWeights({ mse: 2 })).toEqual({ mse: 2 });
    for (const text of ['l1', 'l1=0.01,perceptual=1']) expect(lossName(text)).toBe(text);
    expect(lossName({ l1: 1 })).toBe('l1');
  });

  it.each([
    ['l2', 'loss must be one of l1, charbonnier, mse, perceptual, perceptual-mse, multi-scale-gradient, got "l2"'],
    ['', 'got ""'],
    ['l1=0', 'the weight of loss l1 must be a positive number, got 0'],
    ['l1=', 'got NaN'],
    ['l1=x', 'got NaN'],
    ['l1=1=2', 'got NaN'],
    ['l1,l1=2', 'each loss must come once, got l1 twice'],
  ])('refuses %j', (loss, reason) => {
    expect(() => lossWeights(loss)).toThrow(ModelError);
    expect(() => lossWeights(loss)).toThrow(reason);
  });

  it('refuses no term at all, and an unknown name', () => {
    expect(() => lossWeights({})).toThrow('loss must have a term, got none');
    expect(() => lossByName('valueOf')).toThrow(ModelError);
  });

  it('refuses a perceptual loss without features', () => {
    const nothing = { features: null };
    expect(() => tf.tidy(() => losses.perceptual.of(image(1, 2, 3), image(1, 2, 3), nothing))).toThrow(
      'loss perceptual must have VGG19 weights, got none',
    );
  });
});
