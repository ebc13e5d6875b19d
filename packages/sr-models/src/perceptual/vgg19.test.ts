import { useBackend } from '@fqsr/backends';
import { type SafeTensor, writeSafetensors } from '@fqsr/runtime/format';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomBatch, randomNumbers, tinyEdsr } from '../../test/networks.js';
import { ModelError } from '../error.js';
import { initParams } from '../passes/init.js';
import { startState, Trainer, trainerDefaults } from '../train-step.js';
import { vgg19 } from './vgg19.js';

beforeAll(() => useBackend('wasm'));

/** Random weights of the first convolutions, under torchvision's names. */
function weights(convs: readonly (readonly [key: number, from: number, to: number])[]): Map<string, SafeTensor> {
  const random = randomNumbers(7);
  const tensors = new Map<string, SafeTensor>();
  for (const [key, from, to] of convs) {
    const data = Float32Array.from({ length: to * from * 9 }, () => (random() - 0.5) * Math.sqrt(24 / (from * 9)));
    tensors.set(`features.${key}.weight`, { dtype: 'F32', shape: [to, from, 3, 3], data });
    const bias = Float32Array.from({ length: to }, () => random() - 0.5);
    tensors.set(`features.${key}.bias`, { dtype: 'F32', shape: [to], data: bias });
  }
  return tensors;
}
const first = weights([
  [0, 3, 64],
  [2, 64, 64],
  [5, 64, 128],
]);
const file = (change: (tensors: Map<string, SafeTensor>) => void = () => {}) => {
  const tensors = new Map(first);
  change(tensors);
  return writeSafetensors(tensors, {});
};

it('is a normalised image through a convolution with ImageNet constants and OIHW weights', () => {
  const features = vgg19(file(), { conv1_1: 1, relu1_1: 2 });
  tf.tidy(() => {
    const pixels = Float32Array.from({ length: 27 }, (_, i) => (i * 37) % 256);
    const [conv, relu] = features.of(tf.tensor4d(pixels, [1, 3, 3, 3]));
    const [kernel, bias] = ['weight', 'bias'].map((part) => first.get(`features.0.${part}`)?.data as Float32Array);
    const [mean, deviation] = [
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ] as const;
    for (const out of [0, 5, 63]) {
      let sum = bias?.[out] as number;
      for (let i = 0; i < 27; i++) {
        const [place, c] = [Math.floor(i / 3), i % 3];
        const x = ((pixels[i] as number) / 255 - (mean[c] as number)) / (deviation[c] as number);
        sum += x * (kernel?.[(out * 3 + c) * 9 + place] as number);
      }
      expect(conv?.value.arraySync()[0]?.[1]?.[1]?.[out]).toBeCloseTo(sum, 4);
      expect(relu?.value.arraySync()[0]?.[1]?.[1]?.[out]).toBeCloseTo(Math.max(0, sum), 4);
    }
    expect([conv?.layer, conv?.weight, relu?.layer, relu?.weight]).toEqual(['conv1_1', 1, 'relu1_1', 2]);
  });
  features.dispose();
});

it('pools between blocks, differentiably', () => {
  const features = vgg19(file(), { conv2_1: 1 });
  tf.tidy(() => {
    const images = tf.randomUniform([2, 8, 8, 3], 0, 255, 'float32', 3) as tf.Tensor4D;
    expect(features.of(images)[0]?.value.shape).toEqual([2, 4, 4, 128]);
    const grad = tf.grad((x) => tf.mean(features.of(x as tf.Tensor4D)[0]?.value as tf.Tensor))(images);
    expect(grad.dataSync().some((g) => g !== 0)).toBe(true);
  });
  features.dispose();
});

it('trains a network by a perceptual loss, and leaves no tensors', () => {
  const before = tf.memory().numTensors;
  const features = vgg19(file(), { conv1_2: 1 });
  const graph = tinyEdsr();
  const options = { ...trainerDefaults, loss: { perceptual: 1, l1: 0.01 } };
  const trainer = new Trainer(graph, startState(graph, initParams(graph, 1)), options, { features });
  const losses = Array.from({ length: 40 }, (_, step) => trainer.step(randomBatch(step % 2, 2), 3e-3));
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;
  expect(mean(losses.slice(-4))).toBeLessThan(0.9 * mean(losses.slice(0, 4)));
  trainer.dispose();
  features.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

describe('refuses', () => {
  const nothing = () => {};
  it.each<[string, (tensors: Map<string, SafeTensor>) => void, Record<string, number>]>([
    [
      'missing features.34.weight, features.34.bias',
      fill([0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32]),
      { conv5_4: 1 },
    ],
    ['missing features.2.bias', (tensors) => tensors.delete('features.2.bias'), { conv1_2: 1 }],
    [
      'features.0.weight must have shape 64x3x3x3, got 64x27',
      (tensors) => tensors.set('features.0.weight', { dtype: 'F32', shape: [64, 27], data: new Float32Array(1728) }),
      { conv1_1: 1 },
    ],
    [
      'features.0.bias must be a float32 tensor, got U8',
      (tensors) => tensors.set('features.0.bias', { dtype: 'U8', shape: [64], data: new Uint8Array(64) }),
      { conv1_1: 1 },
    ],
    [
      'features.0.bias must be finite',
      (tensors) =>
        tensors.set('features.0.bias', { dtype: 'F32', shape: [64], data: new Float32Array(64).fill(Number.NaN) }),
      { conv1_1: 1 },
    ],
    ['got conv5_5: 1', nothing, { conv5_5: 1 }],
    ['got conv1_1: -1', nothing, { conv1_1: -1 }],
    ['layers must name a layer, got none', nothing, {}],
  ])('%s', (reason, change, layers) => {
    const before = tf.memory().numTensors;
    expect(() => vgg19(file(change), layers)).toThrow(ModelError);
    expect(() => vgg19(file(change), layers)).toThrow(reason);
    expect(tf.memory().numTensors).toBe(before);
  });

  /** Puts empty tensors under these keys: names alone are checked first. */
  function fill(keys: readonly number[]) {
    return (tensors: Map<string, SafeTensor>) => {
      for (const part of ['weight', 'bias']) {
        for (const key of keys) {
          tensors.set(`features.${key}.${part}`, { dtype: 'F32', shape: [0], data: new Float32Array(0) });
        }
      }
    };
  }
});
