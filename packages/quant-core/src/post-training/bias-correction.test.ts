import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomNumbers } from '../../test/devices.js';
import { makeSpec } from '../quant-spec.js';
import { biasCorrection, expectedBiasCorrection, rectifiedNormalMean } from './bias-correction.js';
import { roundNearest } from './rounding.js';

beforeAll(() => useBackend('wasm'));

/** A layer at 3 bits, and inputs whose means are not 0. */
function rounded(seed: number) {
  const random = randomNumbers(seed);
  const weights = Float32Array.from({ length: 9 * 3 * 4 }, () => random());
  const steps = Float32Array.of(1 / 3);
  const quantized = roundNearest({ weights, shape: [3, 3, 3, 4], spec: makeSpec({ bits: 3 }), steps }).weights;
  const x = Float32Array.from({ length: 2 * 8 * 8 * 3 }, (_, i) => random() + 2 * (i % 3));
  return { weights, quantized, x };
}

describe('bias correction', () => {
  it('makes the mean error of every channel zero on what it observed', () => {
    const { weights, quantized, x } = rounded(1);
    const correction = biasCorrection(4);
    const outputs = (w: Float32Array, part: Float32Array) =>
      tf.conv2d(tf.tensor4d(part, [part.length / 192, 8, 8, 3]), tf.tensor4d(w, [3, 3, 3, 4]), 1, 'same');
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      // In parts of different sizes: all positions weigh the same.
      for (const part of [x, x.slice(0, 192)]) correction.observe(outputs(weights, part), outputs(quantized, part));
    });
    expect(tf.memory().numTensors).toBe(before);
    const bias = correction.result();
    const left = biasCorrection(4);
    tf.tidy(() => {
      for (const part of [x, x.slice(0, 192)]) {
        left.observe(outputs(weights, part), tf.add(outputs(quantized, part), tf.tensor1d(bias)));
      }
    });
    expect(Math.max(...bias.map(Math.abs))).toBeGreaterThan(0.1);
    for (const mean of left.result()) expect(mean).toBeCloseTo(0, 5);
  });

  it('is by hand', () => {
    const correction = biasCorrection(2);
    expect([...correction.result()]).toEqual([0, 0]);
    tf.tidy(() => {
      correction.observe(tf.tensor2d([[1, 10]]), tf.tensor2d([[0, 20]]));
      correction.observe(
        tf.tensor2d([
          [1, 1],
          [1, 1],
        ]),
        tf.tensor2d([
          [0, 1],
          [2, 3],
        ]),
      );
    });
    expect(correction.result()).toEqual(Float32Array.of(1 / 3, -4));
  });

  it('follows from the means of the inputs where nothing pads', () => {
    const { weights, quantized, x } = rounded(2);
    // Constant channels: every output sees exactly the means.
    const means = Float32Array.from(
      { length: 3 },
      (_, c) => x.filter((_x, i) => i % 3 === c).reduce((a, b) => a + b, 0) / 128,
    );
    const correction = biasCorrection(4);
    tf.tidy(() => {
      const input = tf.tile(tf.reshape(tf.tensor1d(means), [1, 1, 1, 3]), [1, 6, 6, 1]) as tf.Tensor4D;
      const [expected, actual] = [weights, quantized].map((w) =>
        tf.conv2d(input, tf.tensor4d(w, [3, 3, 3, 4]), 1, 'valid'),
      );
      correction.observe(expected as tf.Tensor, actual as tf.Tensor);
    });
    const analytic = expectedBiasCorrection({ weights, quantized, inChannels: 3, outChannels: 4 }, means);
    for (const [channel, value] of correction.result().entries()) expect(analytic[channel]).toBeCloseTo(value, 4);
  });

  it('knows the mean of a rectified normal', () => {
    expect(rectifiedNormalMean(0, 1)).toBeCloseTo(1 / Math.sqrt(2 * Math.PI), 7);
    expect(rectifiedNormalMean(3, 0)).toBe(3);
    expect(rectifiedNormalMean(-3, 0)).toBe(0);
    for (const [mean, deviation] of [
      [0.7, 1.3],
      [-1.1, 0.8],
      [5, 0.5],
    ] as const) {
      // By the midpoint rule over 10 standard deviations.
      let sum = 0;
      const width = deviation / 500;
      for (let i = -5000; i < 5000; i++) {
        const x = mean + (i + 0.5) * width;
        const density = Math.exp(-(((x - mean) / deviation) ** 2) / 2) / (deviation * Math.sqrt(2 * Math.PI));
        sum += Math.max(0, x) * density * width;
      }
      expect(rectifiedNormalMean(mean, deviation)).toBeCloseTo(sum, 6);
    }
  });

  it('refuses outputs of different layers, and sizes that do not fit', () => {
    const [a, b] = [tf.zeros([1, 2, 2, 3]), tf.zeros([1, 2, 2, 4])];
    expect(() => biasCorrection(3).observe(a, b)).toThrow('two of one shape with 3 channels, got 1x2x2x3 and 1x2x2x4');
    expect(() => biasCorrection(4).observe(a, a)).toThrow('4 channels');
    tf.dispose([a, b]);
    const pair = { weights: new Float32Array(6), quantized: new Float32Array(6), inChannels: 2, outChannels: 3 };
    expect(() => expectedBiasCorrection(pair, new Float32Array(3))).toThrow('with 2 means, got 6, 6 and 3');
  });
});
