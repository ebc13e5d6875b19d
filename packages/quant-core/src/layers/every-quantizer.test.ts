/** Layers with every quantizer and every estimator of the registries, on the first grid that each of them serves. */
import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomNumbers } from '../../test/devices.js';
import { saveAndLoad } from '../../test/save-and-load.js';
import { calibrations } from '../calibration/registry.js';
import { makeSpec, type QuantSpec } from '../quant-spec.js';
import { quantizers } from '../quantizers/registry.js';
import type { Quantizer } from '../quantizers/types.js';
import { stes } from '../ste/registry.js';
import { QuantConv2D } from './index.js';
import type { LayerSpec } from './quantization.js';

/** Grids to offer, the plainest first. */
const grids: readonly QuantSpec[] = [4, 2, 1].flatMap((bits) =>
  [
    { bits },
    { bits, signed: false },
    { bits, narrow: bits > 1 },
    { bits, affine: true, signed: false },
    { bits, grid: 'midrise' } as const,
    { bits, grid: 'midrise', signed: false } as const,
  ].map((fields) => makeSpec(fields)),
);

/** The first grid that a quantizer serves. */
function specFor(quantizer: string): LayerSpec & object {
  const { refuses } = (quantizers as Readonly<Record<string, Quantizer>>)[quantizer] as Quantizer;
  const spec = grids.map((grid) => ({ ...grid, quantizer })).find((grid) => refuses(grid) === null);
  if (!spec) throw new Error(`${quantizer} serves none of the grids`);
  return spec;
}

const images = () => {
  const random = randomNumbers(4);
  return tf.tensor4d(Float32Array.from({ length: 4 * 6 * 6 * 2 }, random), [4, 6, 6, 2]);
};

/** Trains a layer over the end of its warm-up, and saves it on the way. */
async function trained(weights: LayerSpec, activations: LayerSpec, calibration = 'moving-max'): Promise<number[]> {
  const quantization = { weights, activations, warmUp: 2, seed: 1, calibration };
  const layer = { filters: 3, kernelSize: 3, padding: 'same' as const, inputShape: [6, 6, 2], quantization };
  const kernelInitializer = tf.initializers.heNormal({ seed: 1 });
  let model: tf.LayersModel = tf.sequential({ layers: [new QuantConv2D({ ...layer, kernelInitializer })] });
  const optimizer = tf.train.sgd(0.05);
  const losses: number[] = [];
  for (let step = 0; step < 4; step++) {
    const loss = () => tf.mean(tf.square(model.apply(images(), { training: true }) as tf.Tensor)) as tf.Scalar;
    const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    losses.push(optimizer.minimize(loss, true, variables)?.dataSync()[0] as number);
    model = await saveAndLoad(model);
  }
  const output = (model.predict(images()) as tf.Tensor).dataSync();
  return [...losses, ...output];
}

describe('a convolution', () => {
  beforeAll(() => useBackend('wasm'));

  it.each(Object.keys(quantizers))('whose kernel is quantized by %s trains, and is saved on the way', async (name) => {
    const numbers = await trained({ ...specFor(name), granularity: 'tensor' }, { bits: 8 });
    expect(numbers.every(Number.isFinite)).toBe(true);
    expect(numbers[3]).not.toBe(numbers[2]);
  });

  it.each(Object.keys(quantizers))(
    'whose input is quantized by %s trains, or says that its grid must be known',
    async (name) => {
      const run = trained({ bits: 8 }, specFor(name)).then(
        (numbers) => numbers.every(Number.isFinite) && numbers[3] !== numbers[2],
        (error: Error) => error.message.includes(`quantization.activations must not use ${name}`),
      );
      expect(await run).toBe(true);
    },
  );

  it.each(Object.keys(stes))('with the estimator %s trains, and is saved on the way', async (ste) => {
    const numbers = await trained({ bits: 4, ste }, { bits: 4, ste });
    expect(numbers.every(Number.isFinite)).toBe(true);
    expect(numbers[3]).not.toBe(numbers[2]);
  });

  it.each(Object.keys(calibrations))('warms up by %s the same whether it is saved on the way or not', async (name) => {
    const numbers = await trained({ bits: 4, granularity: 'channel' }, { bits: 4 }, name);
    const quantization = {
      weights: { bits: 4, granularity: 'channel' },
      activations: { bits: 4 },
      warmUp: 2,
      calibration: name,
    } as const;
    const kernelInitializer = tf.initializers.heNormal({ seed: 1 });
    const layer = new QuantConv2D({
      filters: 3,
      kernelSize: 3,
      padding: 'same',
      inputShape: [6, 6, 2],
      kernelInitializer,
      quantization,
    });
    const model = tf.sequential({ layers: [layer] });
    const optimizer = tf.train.sgd(0.05);
    const variables = layer.trainableWeights.map((weight) => weight.read() as tf.Variable);
    for (let step = 0; step < 4; step++) {
      optimizer.minimize(
        () => tf.mean(tf.square(model.apply(images(), { training: true }) as tf.Tensor)) as tf.Scalar,
        false,
        variables,
      );
    }
    expect([...(model.predict(images()) as tf.Tensor).dataSync()]).toEqual(numbers.slice(4));
  });
});
