/** What quantized layers take over from the layers that they wrap, and what they refuse. */
import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomNumbers } from '../../test/devices.js';
import { saveAndLoad } from '../../test/save-and-load.js';
import { weightOf } from '../../test/weights-of.js';
import { QuantError } from '../error.js';
import { QuantAdd, QuantConv2D, QuantDense, QuantDepthwiseConv2D } from './index.js';

const specs = { weights: { bits: 4 }, activations: { bits: 4 } } as const;
const quantization = { ...specs, warmUp: 1 } as const;
const random = randomNumbers(1);
const numbers = (shape: number[]) =>
  tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, random), shape);
const built = <Layer extends tf.layers.Layer>(layer: Layer, shape: number[]): Layer => {
  layer.apply(tf.input({ shape }));
  return layer;
};

beforeAll(() => useBackend('wasm'));

describe('of the wrapped layer', () => {
  it('seeded initializers give the same kernel', () => {
    const kernelInitializer = tf.initializers.heNormal({ seed: 5 });
    const ours = built(new QuantConv2D({ filters: 2, kernelSize: 3, kernelInitializer, quantization }), [5, 5, 2]);
    const plain = built(tf.layers.conv2d({ filters: 2, kernelSize: 3, kernelInitializer }), [5, 5, 2]);
    expect(weightOf(ours, 'kernel')).toEqual(weightOf(plain, 'kernel'));
  });

  it('regularizers join the loss', async () => {
    const kernelRegularizer = tf.regularizers.l2({ l2: 0.5 });
    const layer = new QuantDense({ units: 2, inputShape: [3], useBias: false, kernelRegularizer, quantization });
    const model = tf.sequential({ layers: [layer] });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const x = tf.zeros([4, 3]);
    const { history } = await model.fit(x, tf.zeros([4, 2]), { verbose: 0, epochs: 1 });
    const squares = layer.getWeights()[0]?.square().sum().dataSync()[0] as number;
    // One step of rate 0.01 along 2 * 0.5 * w.
    expect(history['loss']?.[0]).toBeCloseTo((0.5 * squares) / 0.99 ** 2, 5);
  });

  it('constraints hold when weights are set', () => {
    const layer = built(
      new QuantDense({ units: 2, useBias: false, kernelConstraint: tf.constraints.nonNeg(), quantization }),
      [2],
    );
    const [, ...others] = layer.getWeights();
    layer.setWeights([tf.tensor2d([-1, 2, 3, -4], [2, 2]), ...others]);
    expect(weightOf(layer, 'kernel')).toEqual([0, 2, 3, 0]);
  });

  it.each(['relu', 'sigmoid', 'softmax', 'hardSigmoid', 'tanh'] as const)(
    'activation %s is applied, and saved',
    async (activation) => {
      const layer = new QuantDense({ units: 4, inputShape: [3], activation, quantization });
      const model = tf.sequential({ layers: [layer] });
      const x = numbers([2, 3]);
      model.apply(x, { training: true });
      const [kernel, bias] = layer.getWeights();
      const linear = new QuantDense({ units: 4, inputShape: [3], quantization });
      const twin = tf.sequential({ layers: [linear] });
      twin.setWeights(layer.getWeights());
      expect([kernel?.shape, bias?.shape]).toEqual([[3, 4], [4]]);
      const plain = tf.layers.activation({ activation }).apply(twin.predict(x) as tf.Tensor) as tf.Tensor;
      const y = (model.predict(x) as tf.Tensor).dataSync();
      expect(y).toEqual(plain.dataSync());
      expect(((await saveAndLoad(model)).predict(x) as tf.Tensor).dataSync()).toEqual(y);
    },
  );

  it('everything is written and read again', async () => {
    const common = {
      padding: 'same',
      strides: [2, 1],
      useBias: true,
      biasInitializer: tf.initializers.constant({ value: 0.5 }),
      biasRegularizer: tf.regularizers.l1({ l1: 0.1 }),
      quantization: {
        weights: { bits: 3, steOptions: {}, granularity: 'channel' },
        activations: null,
        calibration: 'mse',
      },
    } as const;
    const conv = new QuantConv2D({
      ...common,
      strides: [2, 1],
      filters: 2,
      kernelSize: [3, 2],
      kernelConstraint: tf.constraints.maxNorm({ maxValue: 2 }),
      name: 'conv',
    });
    const depthwise = new QuantDepthwiseConv2D({
      ...common,
      strides: [2, 2],
      kernelSize: 3,
      depthwiseRegularizer: tf.regularizers.l2({ l2: 0.2 }),
      depthwiseConstraint: tf.constraints.unitNorm({ axis: 0 }),
      trainable: false,
      name: 'depthwise',
    });
    const input = tf.input({ shape: [8, 8, 3] });
    const model = tf.model({ inputs: input, outputs: depthwise.apply(conv.apply(input)) as tf.SymbolicTensor });
    const loaded = await saveAndLoad(model);
    for (const name of ['conv', 'depthwise']) {
      expect(loaded.getLayer(name).getConfig()).toEqual(model.getLayer(name).getConfig());
    }
    expect(loaded.getLayer('depthwise').trainableWeights).toEqual([]);
    expect(loaded.getLayer('conv').getConfig()['kernelConstraint']).toEqual({
      className: 'MaxNorm',
      config: { maxValue: 2, axis: 0 },
    });
  });
});

describe('refused by name', () => {
  const conv = { filters: 2, kernelSize: 3, name: 'c', quantization } as const;
  it.each([
    [
      'channels first',
      () => new QuantConv2D({ ...conv, dataFormat: 'channelsFirst' }),
      'dataFormat of c must be channelsLast',
    ],
    [
      'stride and dilation',
      () => new QuantConv2D({ ...conv, strides: 2, dilationRate: 2 }),
      'strides of c must be 1 with a dilationRate',
    ],
    [
      'activity regularizers',
      () => new QuantConv2D({ ...conv, activityRegularizer: 'l1l2' }),
      'activityRegularizer of c must be left out',
    ],
    ['dilated depthwise', () => new QuantDepthwiseConv2D({ ...conv, dilationRate: 2 }), 'dilationRate of c must be 1'],
    [
      'steps of input channels',
      () =>
        new QuantDense({
          units: 1,
          name: 'd',
          quantization: { ...specs, activations: { bits: 4, granularity: 'channel' } },
        }),
      'QuantDense d quantization.activations must have granularity tensor',
    ],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(QuantError);
    expect(make).toThrow(message);
  });

  it('initial weights, which a layer with grids cannot count', () => {
    const args = { units: 1, name: 'd', quantization, weights: [tf.zeros([1, 1])] };
    expect(() => new QuantDense(args)).toThrow('weights of d must be left out');
  });

  it('adds that broadcast', () => {
    const add = new QuantAdd({ name: 'a', quantization: { skips: { bits: 4 } } });
    expect(() => add.apply([tf.input({ shape: [4, 2] }), tf.input({ shape: [1, 2] })])).toThrow(
      /inputs of a must be of one shape/,
    );
  });
});

describe('null leaves a tensor in float', () => {
  const layerWith = (weights: object | null, activations: object | null) => {
    const kernelInitializer = tf.initializers.heNormal({ seed: 2 });
    const biasInitializer = tf.initializers.constant({ value: 0.3 });
    const roles = { weights, activations, warmUp: 1 } as typeof quantization;
    return new QuantDense({ units: 2, inputShape: [3], kernelInitializer, biasInitializer, quantization: roles });
  };
  it('or all of them', () => {
    const x = numbers([5, 3]);
    const layer = tf.sequential({ layers: [layerWith(null, null)] });
    const plain = tf.layers.dense({ units: 2, inputShape: [3] });
    const twin = tf.sequential({ layers: [plain] });
    plain.setWeights(layer.getWeights().slice(0, 2));
    const difference = tf.max(tf.abs(tf.sub(layer.predict(x) as tf.Tensor, twin.predict(x) as tf.Tensor)));
    expect(difference.dataSync()[0]).toBeLessThan(1e-6);
  });

  it('and the bias with it, which has no step to be rounded to', () => {
    const layer = layerWith({ bits: 4 }, null);
    const model = tf.sequential({ layers: [layer] });
    model.apply(numbers([5, 3]), { training: true });
    expect(layer.warmUp).toEqual({ calls: 1, of: 1 });
    const zero = (model.predict(tf.zeros([1, 3])) as tf.Tensor).dataSync();
    expect(zero).toEqual(Float32Array.of(0.3, 0.3));
  });
});

it('a warm-up under way survives copies that were never built', () => {
  const layer = built(new QuantDense({ units: 2, quantization: { ...specs, warmUp: 3 } }), [3]);
  layer.apply(numbers([5, 3]), { training: true });
  const config = layer.getConfig();
  const copy = QuantDense.fromConfig(QuantDense, config);
  expect(copy.getConfig()['quantization']).toEqual(config['quantization']);
  expect(config['quantization']).toMatchObject({ calibrationState: { name: expect.stringContaining('"calls":1') } });
  const damaged = { ...specs, calibrationState: { name: '{}' } };
  expect(() => new QuantDense({ units: 2, name: 'd', quantization: damaged })).toThrow(
    'QuantDense d quantization.calibrationState must be what getConfig wrote',
  );
});

it('weights without their observers start the warm-up again; the counter travels with them once it is over', () => {
  const make = () =>
    tf.sequential({ layers: [new QuantDense({ units: 2, inputShape: [3], quantization: { ...specs, warmUp: 3 } })] });
  const x = numbers([5, 3]);
  const trained = make();
  const twin = make();
  const progress = () => (twin.layers[0] as QuantDense).warmUp.calls;
  trained.apply(x, { training: true });
  trained.apply(x, { training: true });
  twin.setWeights(trained.getWeights());
  twin.apply(x, { training: true });
  expect(progress()).toBe(1);
  trained.apply(x, { training: true });
  twin.setWeights(trained.getWeights());
  expect(progress()).toBe(3);
  expect((twin.predict(x) as tf.Tensor).dataSync()).toEqual((trained.predict(x) as tf.Tensor).dataSync());
});
