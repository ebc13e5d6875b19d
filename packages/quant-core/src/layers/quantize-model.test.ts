/** Somebody's models, made of plain layers, before and after. */
import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { devices, randomNumbers } from '../../test/devices.js';
import { saveAndLoad } from '../../test/save-and-load.js';
import { QuantError } from '../error.js';
import { makePlan, type PlanOverride, planFromPreset, type QuantPlan } from '../plan.js';
import { auditModel, calibrateModel, isQuantLayer, quantizeModel } from './index.js';

/** A preset for models whose outputs are not images. */
function planOf(preset: string, overrides: readonly PlanOverride[] = []): QuantPlan {
  const { roles } = planFromPreset(preset);
  return makePlan({ name: preset, roles: { ...roles, outputs: null }, overrides });
}
const w8a8 = planOf('w8a8s8');

/** Replaces all weights by seeded numbers; variances stay positive. */
function randomise(model: tf.LayersModel, seed: number): tf.LayersModel {
  const random = randomNumbers(seed);
  for (const layer of model.layers) {
    for (const variable of layer.weights) {
      const [shape, offset] = [variable.shape as number[], variable.originalName.endsWith('variance') ? 1 : 0];
      const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random() * 0.5 + offset);
      tf.tidy(() => void variable.write(tf.tensor(values, shape)));
    }
  }
  return model;
}

const images = (count: number, seed = 1) => {
  const random = randomNumbers(seed);
  return tf.tensor4d(Float32Array.from({ length: count * 8 * 8 * 2 }, random), [count, 8, 8, 2]);
};

/** Two branches, a skip, depthwise and dense layers, normalizations, pooling. */
function functional(seed = 3): tf.LayersModel {
  const input = tf.input({ shape: [8, 8, 2], name: 'image' });
  const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) =>
    layer.apply(x) as tf.SymbolicTensor;
  const head = apply(
    tf.layers.conv2d({ name: 'head', filters: 4, kernelSize: 3, padding: 'same', useBias: false }),
    input,
  );
  const normal = apply(tf.layers.batchNormalization({ name: 'head_bn' }), head);
  const active = apply(tf.layers.reLU({ name: 'head_relu' }), normal);
  const left = apply(
    tf.layers.depthwiseConv2d({ name: 'left', kernelSize: 3, padding: 'same', depthMultiplier: 1 }),
    active,
  );
  const leftNormal = apply(tf.layers.batchNormalization({ name: 'left_bn', scale: false }), left);
  const right = apply(tf.layers.conv2d({ name: 'right', filters: 4, kernelSize: 1, activation: 'relu' }), active);
  const skip = apply(tf.layers.add({ name: 'skip' }), [leftNormal, right]);
  const pooled = apply(tf.layers.maxPooling2d({ name: 'pool', poolSize: 2 }), skip);
  const flat = apply(tf.layers.flatten({ name: 'flat' }), pooled);
  const dense = apply(tf.layers.dense({ name: 'dense', units: 6 }), flat);
  const denseNormal = apply(tf.layers.batchNormalization({ name: 'dense_bn', center: false }), dense);
  const output = apply(tf.layers.dense({ name: 'logits', units: 3 }), denseNormal);
  return randomise(tf.model({ inputs: input, outputs: output, name: 'theirs' }), seed);
}

function sequential(activation: 'softmax' | 'linear' = 'linear'): tf.LayersModel {
  return randomise(
    tf.sequential({
      name: 'row',
      layers: [
        tf.layers.conv2d({ name: 'conv', filters: 4, kernelSize: 3, inputShape: [8, 8, 2] }),
        tf.layers.batchNormalization({ name: 'bn' }),
        tf.layers.activation({ name: 'relu', activation: 'relu' }),
        tf.layers.globalAveragePooling2d({ name: 'mean' }),
        tf.layers.dense({ name: 'out', units: 3, activation }),
      ],
    }),
    5,
  );
}
const predict = (model: tf.LayersModel, x: tf.Tensor) => [...(model.predict(x) as tf.Tensor).dataSync()];
const distance = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number)))) / Math.max(...b.map(Math.abs));
const namesOf = (model: tf.LayersModel) => model.layers.map(({ name }) => name);

describe.each(devices)('on %s', (device) => {
  beforeAll(() => useBackend(device));

  it.each([
    ['functional', functional, ['head', 'left', 'right', 'skip', 'dense', 'logits']],
    ['sequential', sequential, ['conv', 'out']],
  ] as const)(
    'a %s model keeps its names, its outputs until calibrated, and nearly them after',
    async (_, make, names) => {
      const theirs = make();
      const before = namesOf(theirs);
      const x = images(6);
      const float = predict(theirs, x);
      const { model, quantized, folded, float: left } = await quantizeModel(theirs, w8a8);
      expect(new Set(quantized)).toEqual(new Set(names));
      expect(left).toEqual([]);
      expect(model.name).toBe(theirs.name);
      expect(namesOf(model)).toEqual(before.filter((name) => !folded.some(({ batchNorm }) => batchNorm === name)));
      expect(namesOf(theirs)).toEqual(before);
      expect(distance(predict(model, x), float)).toBeLessThan(1e-5);
      expect(auditModel(model).float.length).toBeGreaterThan(0);
      expect(calibrateModel(model, [x])).toBe(1);
      const integers = predict(model, x);
      expect(distance(integers, float)).toBeGreaterThan(1e-5);
      expect(distance(integers, float)).toBeLessThan(0.05);
      expect(auditModel(model).float).toEqual([]);
      expect(auditModel(model).inexact).toEqual([]);
    },
  );

  it('is saved and loaded', async () => {
    const { model } = await quantizeModel(functional(), w8a8);
    const x = images(4);
    calibrateModel(model, [x]);
    const loaded = await saveAndLoad(model);
    expect(predict(loaded, x)).toEqual(predict(model, x));
    expect(auditModel(loaded)).toEqual(auditModel(model));
  });

  it('trains by fit without a leak', async () => {
    const { model } = await quantizeModel(functional(), planOf('w4a4s8'), { warmUp: 2 });
    const x = images(8);
    const y = tf.tidy(() => functional(17).predict(x) as tf.Tensor);
    model.compile({ optimizer: tf.train.adam(0.01), loss: 'meanSquaredError' });
    const losses: number[] = [];
    let tensors = 0;
    for (let epoch = 0; epoch < 25; epoch++) {
      const { history } = await model.fit(x, y, { batchSize: 8, verbose: 0 });
      losses.push(history['loss']?.[0] as number);
      if (epoch === 3) tensors = tf.memory().numTensors;
    }
    expect(losses.at(-1)).toBeLessThan((losses[2] as number) * 0.5);
    expect(tf.memory().numTensors).toBe(tensors);
  });
});

describe('specs', () => {
  beforeAll(() => useBackend('wasm'));
  const specOf = (model: tf.LayersModel, name: string) => {
    const layer = model.getLayer(name);
    return isQuantLayer(layer) ? layer.quantization.specs : null;
  };

  it('are unsigned behind a ReLU, whatever moves the values in between', async () => {
    const { model } = await quantizeModel(functional(), w8a8);
    const signs = ['head', 'left', 'right', 'skip', 'dense', 'logits'].map((name) =>
      Object.entries(specOf(model, name) ?? {}).map(([role, spec]) => [role, spec?.signed]),
    );
    expect(signs.map(Object.fromEntries)).toEqual([
      { weights: true, activations: true },
      { weights: true, activations: false },
      { weights: true, activations: false },
      { skips: true },
      { weights: true, activations: true },
      { weights: true, activations: true },
    ]);
    const { model: row } = await quantizeModel(sequential(), w8a8);
    expect(specOf(row, 'out')).toMatchObject({ activations: { signed: false } });
  });

  it('follow overrides by name, null and all', async () => {
    const plan = planOf('w4a4s8', [
      { pattern: 'h*', role: 'weights', spec: { bits: 8 } },
      { pattern: 'right', role: 'weights', spec: null },
      { pattern: 'right', role: 'activations', spec: null },
      { pattern: 'logits', role: 'activations', spec: null },
    ]);
    const { model, quantized, float } = await quantizeModel(functional(), plan);
    expect(specOf(model, 'head')).toMatchObject({ weights: { bits: 8 }, activations: { bits: 4 } });
    expect(model.getLayer('right').getClassName()).toBe('Conv2D');
    expect(quantized).not.toContain('right');
    expect(float).toEqual([
      { layer: 'right', why: 'the plan leaves weights and activations in float' },
      { layer: 'logits', why: 'the plan leaves activations in float' },
    ]);
    calibrateModel(model, [images(2)]);
    expect(auditModel(model).float.map(({ layer, tensor, what }) => `${layer} ${tensor}: ${what}`)).toEqual([
      'right output: the layer is not quantized',
      'logits activations: no spec',
      'logits sum: activations: no spec',
    ]);
  });

  it('come with a seed of their own for each layer', async () => {
    const seeds = async (seed: number) => {
      const { model } = await quantizeModel(functional(), w8a8, { seed });
      return model.layers.filter(isQuantLayer).map(({ quantization }) => quantization.seed);
    };
    expect(new Set(await seeds(1)).size).toBe(6);
    expect(await seeds(1)).toEqual(await seeds(1));
    expect(await seeds(2)).not.toEqual(await seeds(1));
  });

  it('put outputs on a grid where the plan says so', async () => {
    const { model } = await quantizeModel(functional(), planFromPreset('w8a8s8'));
    expect(namesOf(model).at(-1)).toBe('logits_levels');
    calibrateModel(model, [images(4)]);
    for (const value of predict(model, images(4)))
      expect(Number.isInteger(value) && value >= 0 && value <= 255).toBe(true);
    const { model: row } = await quantizeModel(sequential(), planFromPreset('w8a8s8'));
    expect(namesOf(row).at(-1)).toBe('out_levels');
  });
});

describe('refused by name', () => {
  beforeAll(() => useBackend('wasm'));

  it('what computes in float, unless it is allowed to', async () => {
    const row = sequential('softmax');
    await expect(quantizeModel(row, w8a8)).rejects.toThrow(QuantError);
    await expect(quantizeModel(row, w8a8)).rejects.toThrow('got out: activation softmax computes in float');
    const { float, model } = await quantizeModel(row, w8a8, { allowFloat: ['o*'] });
    expect(float).toEqual([{ layer: 'out', why: 'activation softmax computes in float' }]);
    calibrateModel(model, [images(2)]);
    expect(auditModel(model).float).toMatchObject([{ layer: 'out', tensor: 'activation' }]);
    expect(distance(predict(model, images(2)), predict(row, images(2)))).toBeLessThan(0.05);
  });

  it('every such layer at once', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.separableConv2d({ name: 'sep', filters: 2, kernelSize: 3, inputShape: [8, 8, 2] }),
        tf.layers.leakyReLU({ name: 'leaky' }),
        tf.layers.averagePooling2d({ name: 'average', poolSize: 2, padding: 'same' }),
        tf.layers.conv2d({ name: 'conv', filters: 2, kernelSize: 1 }),
        tf.layers.layerNormalization({ name: 'norm' }),
      ],
    });
    await expect(quantizeModel(model, w8a8)).rejects.toThrow(
      'got sep: SeparableConv2D computes in float; leaky: LeakyReLU computes in float; ' +
        'average: averages over fewer values at the border; norm: LayerNormalization computes in float',
    );
  });

  it('normalizations that are to be kept, or that cannot be folded', async () => {
    await expect(quantizeModel(functional(), w8a8, { batchNorm: 'keep' })).rejects.toThrow(
      'got head_bn: BatchNormalization computes in float; left_bn: BatchNormalization computes in float; dense_bn',
    );
    const { model, folded } = await quantizeModel(functional(), w8a8, { batchNorm: 'keep', allowFloat: ['*_bn'] });
    expect(folded).toEqual([]);
    expect(distance(predict(model, images(3)), predict(functional(), images(3)))).toBeLessThan(1e-5);
    const first = tf.sequential({ layers: [tf.layers.batchNormalization({ name: 'bn', inputShape: [4] })] });
    await expect(quantizeModel(first, w8a8)).rejects.toThrow('got bn: BatchNormalization computes in float');
  });

  it('overrides that match nothing in their role', async () => {
    const plan = planOf('w4a4s8', [
      { pattern: 'tail', role: 'weights', spec: { bits: 8 } },
      { pattern: 'skip', role: 'weights', spec: { bits: 8 } },
    ]);
    await expect(quantizeModel(functional(), plan)).rejects.toThrow('got weights of tail, weights of skip');
  });

  it('probabilities on a grid of whole numbers', async () => {
    await expect(quantizeModel(sequential('softmax'), planFromPreset('w8a8s8'))).rejects.toThrow('plan.roles.outputs');
  });

  it('a calibration without batches', async () => {
    const { model } = await quantizeModel(sequential(), w8a8);
    expect(() => calibrateModel(model, [])).toThrow('QuantConv2D conv must have seen a batch, got none');
  });
});

it('sums that float32 may round are named', async () => {
  await useBackend('wasm');
  const wide = tf.sequential({
    layers: [tf.layers.dense({ name: 'wide', units: 1, inputShape: [4096], kernelInitializer: 'ones' })],
  });
  const { model } = await quantizeModel(wide, w8a8);
  calibrateModel(model, [tf.ones([1, 4096])]);
  const { inexact, float } = auditModel(model);
  expect(float).toEqual([]);
  // 4096 weights of level 127, times level -128.
  expect(inexact).toMatchObject([{ layer: 'wide', tensor: 'sum', bound: 4096 * 127 * 128 }]);
});
