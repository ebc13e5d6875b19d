/** What every quantized layer keeps to, on every device. */
import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { devices, randomNumbers } from '../../test/devices.js';
import { saveAndLoad } from '../../test/save-and-load.js';
import { QuantError } from '../error.js';
import {
  type AnyQuantLayer,
  QuantAdd,
  QuantConv2D,
  QuantDense,
  QuantDepthwiseConv2D,
  Quantize,
  type quantLayers,
} from './index.js';

const weights = { bits: 4, narrow: true, granularity: 'channel' } as const;
const activations = { bits: 4 } as const;
const quantization = { weights, activations, warmUp: 3 } as const;

/** Every layer, as small as it goes, and the shape that it takes. */
const layers: Readonly<Record<keyof typeof quantLayers, { make: (more?: object) => AnyQuantLayer; shape: number[] }>> =
  {
    QuantConv2D: {
      make: (more) =>
        new QuantConv2D({ filters: 3, kernelSize: 3, padding: 'same', quantization: { ...quantization, ...more } }),
      shape: [5, 6, 2],
    },
    QuantDepthwiseConv2D: {
      make: (more) =>
        new QuantDepthwiseConv2D({ kernelSize: 3, depthMultiplier: 2, quantization: { ...quantization, ...more } }),
      shape: [5, 6, 2],
    },
    QuantDense: {
      make: (more) => new QuantDense({ units: 3, quantization: { ...quantization, ...more } }),
      shape: [7],
    },
    QuantAdd: {
      make: (more) => new QuantAdd({ quantization: { skips: activations, warmUp: 3, ...more } }),
      shape: [4, 2],
    },
    Quantize: { make: (more) => new Quantize({ quantization: { activations, warmUp: 3, ...more } }), shape: [4, 2] },
  };
const cases = Object.entries(layers);

/** A model of one layer, in front of it a plain one with weights. */
function modelOf(layer: AnyQuantLayer, shape: number[]): tf.LayersModel {
  const input = tf.input({ shape });
  const plain = tf.layers.dense({ units: shape.at(-1) as number, kernelInitializer: 'identity' });
  const middle = plain.apply(input) as tf.SymbolicTensor;
  const output = layer.apply(layer instanceof QuantAdd ? [input, middle] : middle) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: output });
}

/** `count` batches of seeded numbers. */
function batches(shape: number[], count: number, seed = 1): tf.Tensor[] {
  const random = randomNumbers(seed);
  const size = [4, ...shape];
  return Array.from({ length: count }, () =>
    tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(size) }, random), size),
  );
}
const numbersOf = (t: tf.Tensor | tf.Tensor[]) => Array.from((t as tf.Tensor).dataSync());
const train = (model: tf.LayersModel, x: tf.Tensor) => model.apply(x, { training: true }) as tf.Tensor;

describe.each(devices)('on %s', (device) => {
  beforeAll(() => useBackend(device));

  describe.each(cases)('%s', (name, { make, shape }) => {
    it('is float for its warm-up, in inference too, and says how far it is', () => {
      const layer = make();
      const model = modelOf(layer, shape);
      const [x] = batches(shape, 1) as [tf.Tensor];
      const float = numbersOf(model.predict(x));
      for (let calls = 0; calls < 3; calls++) {
        expect(layer.warmUp).toEqual({ calls, of: 3 });
        expect(numbersOf(train(model, x))).toEqual(float);
        expect(numbersOf(model.predict(x))).toEqual(calls < 2 ? float : expect.not.arrayContaining(float));
      }
      expect(layer.warmUp).toEqual({ calls: 3, of: 3 });
    });

    it('gives training and inference the same values after it', () => {
      const model = modelOf(make(), shape);
      const all = batches(shape, 4);
      for (const x of all) train(model, x);
      for (const x of all) expect(numbersOf(train(model, x))).toEqual(numbersOf(model.predict(x)));
    });

    it('is restored exactly, half-way through its warm-up and after it', async () => {
      const all = batches(shape, 5);
      for (const done of [1, 4]) {
        const model = modelOf(make(), shape);
        for (const x of all.slice(0, done)) train(model, x);
        const restored = await saveAndLoad(model);
        for (const x of all) expect(numbersOf(train(restored, x))).toEqual(numbersOf(train(model, x)));
        expect(restored.getWeights().map(numbersOf)).toEqual(model.getWeights().map(numbersOf));
      }
    });

    it('gives its weights gradients, and the grids gradients of zero until it quantizes', () => {
      const layer = make();
      const model = modelOf(layer, shape);
      const all = batches(shape, 4);
      for (const [step, x] of all.entries()) {
        const grads = tf.variableGrads(() => tf.mean(tf.square(train(model, x)))).grads;
        for (const { name: variable } of layer.trainableWeights) {
          const values = numbersOf(grads[variable] as tf.Tensor);
          const isGrid = /(activations|weights|skips)_/.test(variable);
          expect(values.some((g) => g !== 0)).toBe(!isGrid || step === 3);
          expect(values.every(Number.isFinite)).toBe(true);
        }
      }
    });

    it('learns by fit, across the end of its warm-up, without a leak', async () => {
      const model = modelOf(make(), shape);
      model.compile({ optimizer: tf.train.adam(0.02), loss: 'meanSquaredError' });
      const [x] = batches(shape, 1) as [tf.Tensor];
      const teacher = modelOf(make(), shape);
      const y = tf.tidy(() => tf.mul(teacher.predict(x) as tf.Tensor, 1.5));
      const losses: number[] = [];
      let tensors = 0;
      for (let epoch = 0; epoch < 30; epoch++) {
        const { history } = await model.fit(x, y, { batchSize: 4, verbose: 0 });
        losses.push(history['loss']?.[0] as number);
        if (epoch === 5) tensors = tf.memory().numTensors;
      }
      expect(Math.min(...losses.slice(-5))).toBeLessThan((losses[3] as number) * 0.8);
      expect(tf.memory().numTensors).toBe(tensors);
    });

    it('leaks nothing in inference', () => {
      const model = modelOf(make(), shape);
      const [x] = batches(shape, 1) as [tf.Tensor];
      for (let i = 0; i < 4; i++) tf.tidy(() => void train(model, x));
      const before = tf.memory().numTensors;
      for (let i = 0; i < 5; i++) tf.dispose(model.predict(x));
      expect(tf.memory().numTensors).toBe(before);
    });

    it('says which tensor of which layer is not finite', () => {
      const layer = make();
      const model = modelOf(layer, shape);
      expect(() => train(model, tf.fill([1, ...shape], Number.NaN))).toThrow(
        new RegExp(`(activations|skips) of ${name} ${layer.name} must be finite`),
      );
    });
  });
});

describe.each(cases)('%s refuses, by its path,', (name, { make }) => {
  const role = name === 'QuantAdd' ? 'skips' : 'activations';
  it.each([
    ['no spec', { [role]: undefined }, `${role} must be given`],
    ['9 bits', { [role]: { bits: 9 } }, `${role}: .*bits must be an integer from 1 to 8`],
    ['an unknown quantizer', { [role]: { bits: 4, quantizer: 'magic' } }, 'quantizer must be one of'],
    ['an unknown field of a spec', { [role]: { bits: 4, bit: 4 } }, `${role} must have known fields only, got "bit"`],
    ['an unknown field', { warmup: 3 }, '.warmup must be left out'],
    ['no warm-up', { warmUp: 0 }, '.warmUp must be a whole number from 1, got 0'],
    ['an unknown calibration', { calibration: 'guess' }, '.calibration must be one of moving-max'],
    ['a seed that is none', { seed: 0.5 }, '.seed must be a whole number, got 0.5'],
  ])('%s', (_, more, message) => {
    expect(() => make(more)).toThrow(QuantError);
    expect(() => make(more)).toThrow(new RegExp(message));
  });
});
