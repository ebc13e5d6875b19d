/** Layers against integer arithmetic written out with the scalar functions. */
import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { devices, randomNumbers } from '../../test/devices.js';
import { setWeight, weightOf } from '../../test/weights-of.js';
import { type LevelRange, levelRange } from '../grids.js';
import { makeSpec } from '../quant-spec.js';
import { deriveMultiplier, requantize } from '../requant.js';
import { quantize, quantizeBias } from '../scalar.js';
import { QuantAdd, QuantConv2D, QuantDense, QuantDepthwiseConv2D } from './index.js';

const f32 = Math.fround;
const weights = { bits: 4, narrow: true, granularity: 'channel', quantizer: 'lsq' } as const;
const activations = { bits: 4, quantizer: 'lsq' } as const;
const quantization = { weights, activations } as const;
const weightRange = levelRange(makeSpec(weights));
const inputRange = levelRange(makeSpec(activations));

/** Steps that are no powers of two: float32 numbers. */
const steps = (count: number, from = 0.031) => Array.from({ length: count }, (_, i) => f32(from * (1 + i / 7)));
const seeded = (count: number, seed: number, scale = 1) => {
  const random = randomNumbers(seed);
  return Float32Array.from({ length: count }, () => random() * scale);
};
const levelsOf = (values: ArrayLike<number>, step: (i: number) => number, range: LevelRange) =>
  Array.from(values, (value, i) => quantize(value, step(i), 0, range));

interface Window {
  readonly [field: string]: number | string;
  readonly strides: number;
  readonly dilationRate: number;
  readonly padding: 'same' | 'valid';
}

/** The sums of one image of `size x size x inputs`, by six loops over integers. `border` is the level outside of the image. */
function convolve(
  q: readonly number[],
  size: number,
  inputs: number,
  tap: (y: number, x: number, input: number, output: number) => number,
  outputs: number,
  { strides, dilationRate, padding }: Window,
  border = 0,
): number[] {
  const reach = 2 * dilationRate + 1;
  const out = padding === 'same' ? Math.ceil(size / strides) : Math.floor((size - reach) / strides) + 1;
  const pad = padding === 'same' ? Math.max(0, (out - 1) * strides + reach - size) >> 1 : 0;
  const sums: number[] = [];
  for (let row = 0; row < out; row++) {
    for (let column = 0; column < out; column++) {
      for (let output = 0; output < outputs; output++) {
        let sum = 0;
        for (let ky = 0; ky < 3; ky++) {
          for (let kx = 0; kx < 3; kx++) {
            const [y, x] = [row * strides - pad + ky * dilationRate, column * strides - pad + kx * dilationRate];
            const inside = y >= 0 && y < size && x >= 0 && x < size;
            for (let input = 0; input < inputs; input++) {
              const level = inside ? (q[(y * size + x) * inputs + input] as number) : border;
              sum += level * tap(ky, kx, input, output);
            }
          }
        }
        sums.push(sum);
      }
    }
  }
  return sums;
}

/** Builds a layer for a shape, ends its warm-up and sets weights by name. */
function prepared<Layer extends tf.layers.Layer>(
  layer: Layer,
  shape: number[],
  values: Record<string, number[]>,
): Layer {
  layer.apply(tf.input({ shape }));
  for (const [name, numbers] of Object.entries({ ...values, calls: [20] })) setWeight(layer, name, numbers);
  return layer;
}

const windows: readonly Window[] = [
  { strides: 1, dilationRate: 1, padding: 'same' },
  { strides: 2, dilationRate: 1, padding: 'same' },
  { strides: 2, dilationRate: 1, padding: 'valid' },
  { strides: 1, dilationRate: 2, padding: 'same' },
  { strides: 1, dilationRate: 2, padding: 'valid' },
];
const nowhereNegativeZero = (values: ArrayLike<number>) => Array.from(values, (value) => value + 0);

describe.each(devices)('on %s', (device) => {
  beforeAll(() => useBackend(device));

  describe.each(windows)('convolutions, %o', (window) => {
    const [size, inputs, outputs] = [8, 3, 4];
    const image = seeded(size * size * inputs, 3);
    const [inputStep] = steps(1, 0.13) as [number];
    const q = levelsOf(image, () => inputStep, inputRange);
    const kernel = seeded(9 * inputs * outputs, 5);
    const bias = seeded(outputs, 7);
    const kernelSteps = steps(outputs, 0.11);
    const qw = levelsOf(kernel, (i) => kernelSteps[i % outputs] as number, weightRange);
    const truth = (sums: readonly number[]) =>
      sums.map((sum, i) => {
        const scale = f32(inputStep * (kernelSteps[i % outputs] as number));
        return f32((sum + quantizeBias(f32((bias[i % outputs] as number) / scale), 1)) * scale);
      });
    const run = (layer: tf.layers.Layer, options: object) =>
      tf.tidy(() => layer.apply(tf.tensor4d(image, [1, size, size, inputs]), options) as tf.Tensor).dataSync();

    it('are sums of integers, in inference and in training', () => {
      const tap = (y: number, x: number, i: number, o: number) =>
        qw[((y * 3 + x) * inputs + i) * outputs + o] as number;
      const expected = nowhereNegativeZero(truth(convolve(q, size, inputs, tap, outputs, window)));
      const layer = prepared(
        new QuantConv2D({ filters: outputs, kernelSize: 3, ...window, quantization }),
        [size, size, inputs],
        {
          kernel: [...kernel],
          bias: [...bias],
          activations_step: [inputStep],
          weights_step: kernelSteps,
        },
      );
      expect(nowhereNegativeZero(run(layer, {}))).toEqual(expected);
      expect(nowhereNegativeZero(run(layer, { training: true }))).toEqual(expected);
    });

    it.runIf(window.dilationRate === 1)('of each channel alone are too', () => {
      const multiplier = 2;
      const own = seeded(9 * inputs * multiplier, 9);
      const ownBias = seeded(inputs * multiplier, 10);
      const ownSteps = steps(inputs * multiplier, 0.09);
      const qOwn = levelsOf(own, (i) => ownSteps[i % (inputs * multiplier)] as number, weightRange);
      const tap = (y: number, x: number, i: number, o: number) =>
        Math.floor(o / multiplier) === i ? (qOwn[(y * 3 + x) * inputs * multiplier + o] as number) : 0;
      const sums = convolve(q, size, inputs, tap, inputs * multiplier, window);
      const expected = sums.map((sum, i) => {
        const scale = f32(inputStep * (ownSteps[i % ownSteps.length] as number));
        return f32((sum + quantizeBias(f32((ownBias[i % ownSteps.length] as number) / scale), 1)) * scale) + 0;
      });
      const { dilationRate: _, ...plain } = window;
      const layer = prepared(
        new QuantDepthwiseConv2D({ kernelSize: 3, depthMultiplier: multiplier, ...plain, quantization }),
        [size, size, inputs],
        {
          depthwise_kernel: [...own],
          bias: [...ownBias],
          activations_step: [inputStep],
          weights_step: ownSteps,
        },
      );
      expect(nowhereNegativeZero(run(layer, {}))).toEqual(expected);
      expect(nowhereNegativeZero(run(layer, { training: true }))).toEqual(expected);
    });

    it('on a grid without a zero have a border of what zero becomes, level 1', () => {
      const midrise = { bits: 3, grid: 'midrise', quantizer: 'lsq' } as const;
      const range = levelRange(makeSpec(midrise));
      const qx = levelsOf(image, () => inputStep, range);
      const tap = (y: number, x: number, i: number, o: number) =>
        qw[((y * 3 + x) * inputs + i) * outputs + o] as number;
      const sums = convolve(qx, size, inputs, tap, outputs, window, quantize(0, inputStep, 0, range));
      const layer = prepared(
        new QuantConv2D({
          filters: outputs,
          kernelSize: 3,
          ...window,
          quantization: { weights, activations: midrise },
        }),
        [size, size, inputs],
        { kernel: [...kernel], bias: [...bias], activations_step: [inputStep], weights_step: kernelSteps },
      );
      expect(nowhereNegativeZero(run(layer, {}))).toEqual(nowhereNegativeZero(truth(sums)));
    });
  });

  it('a dense layer is a sum of integers', () => {
    const [rows, inputs, units] = [6, 20, 5];
    const [x, kernel, bias] = [seeded(rows * inputs, 11), seeded(inputs * units, 12), seeded(units, 13)];
    const [inputStep, kernelSteps] = [f32(0.17), steps(units, 0.12)];
    const q = levelsOf(x, () => inputStep, inputRange);
    const qw = levelsOf(kernel, (i) => kernelSteps[i % units] as number, weightRange);
    const expected = Array.from({ length: rows * units }, (_, at) => {
      const unit = at % units;
      const scale = f32(inputStep * (kernelSteps[unit] as number));
      let sum = quantizeBias(f32((bias[unit] as number) / scale), 1);
      for (let i = 0; i < inputs; i++)
        sum += (q[Math.floor(at / units) * inputs + i] as number) * (qw[i * units + unit] as number);
      return f32(sum * scale) + 0;
    });
    const layer = prepared(new QuantDense({ units, quantization }), [2, inputs], {
      kernel: [...kernel],
      bias: [...bias],
      activations_step: [inputStep],
      weights_step: kernelSteps,
    });
    const y = layer.apply(tf.tensor3d(x, [rows / 2, 2, inputs])) as tf.Tensor;
    expect(y.shape).toEqual([rows / 2, 2, units]);
    expect(nowhereNegativeZero(y.dataSync())).toEqual(expected);
  });

  it.each(['tensor', 'channel'] as const)('an add sums levels of one grid for each %s', (granularity) => {
    const [a, b] = [seeded(60, 14), seeded(60, 15, 2)];
    const own = granularity === 'tensor' ? [f32(0.11)] : steps(3, 0.11);
    const stepOf = (i: number) => own[i % own.length] as number;
    const [qa, qb] = [levelsOf(a, stepOf, inputRange), levelsOf(b, stepOf, inputRange)];
    const layer = new QuantAdd({ quantization: { skips: { ...activations, granularity } } });
    layer.apply([tf.input({ shape: [5, 3] }), tf.input({ shape: [5, 3] })]);
    setWeight(layer, 'skips_step', own);
    setWeight(layer, 'calls', [20]);
    const sum = layer.apply([tf.tensor3d(a, [4, 5, 3]), tf.tensor3d(b, [4, 5, 3])]) as tf.Tensor;
    const expected = qa.map((level, i) => f32((level + (qb[i] as number)) * stepOf(i)) + 0);
    expect(nowhereNegativeZero(sum.dataSync())).toEqual(expected);
  });

  it('a chain of layers is requantization, but for products within 2^-21 of a tie', () => {
    const [rows, width] = [200, 16];
    const first = prepared(new QuantDense({ units: width, quantization, activation: 'relu' }), [width], {
      kernel: [...seeded(width * width, 16)],
      bias: [...seeded(width, 17)],
      activations_step: [f32(0.17)],
      weights_step: steps(width, 0.12),
    });
    const second = prepared(
      new QuantDense({
        units: 1,
        useBias: false,
        quantization: { weights, activations: { ...activations, bits: 8, signed: false } },
      }),
      [width],
      { kernel: new Array(width).fill(1), activations_step: [f32(0.0123)], weights_step: [1] },
    );
    const x = seeded(rows * width, 18);
    const q = levelsOf(x, () => f32(0.17), inputRange);
    const [kernel, bias, own] = ['kernel', 'bias', 'weights_step'].map((name) => weightOf(first, name)) as [
      number[],
      number[],
      number[],
    ];
    const qw = levelsOf(kernel, (i) => own[i % width] as number, weightRange);
    const range = levelRange(makeSpec({ bits: 8, signed: false }));
    const compared: number[] = [];
    const sums = Array.from({ length: rows }, (_, row) => {
      let total = 0;
      for (let unit = 0; unit < width; unit++) {
        const scale = f32(f32(0.17) * (own[unit] as number));
        let acc = quantizeBias(f32((bias[unit] as number) / scale), 1);
        for (let i = 0; i < width; i++) acc += (q[row * width + i] as number) * (qw[i * width + unit] as number);
        const ratio = scale / f32(0.0123);
        const product = Math.max(0, acc) * ratio;
        compared.push(Math.abs((product % 1) - 0.5) / product);
        total += requantize(Math.max(0, acc), deriveMultiplier(ratio), 0, range);
      }
      return total;
    });
    expect(Math.min(...compared)).toBeGreaterThan(2 ** -21);
    const model = tf.sequential({ layers: [first, second] });
    const y = (model.predict(tf.tensor2d(x, [rows, width])) as tf.Tensor).dataSync();
    expect(Array.from(y)).toEqual(sums.map((sum) => f32(sum * f32(f32(0.0123) * 1))));
    expect(Math.max(...sums)).toBeGreaterThan(1000);
  });
});
