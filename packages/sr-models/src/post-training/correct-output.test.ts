import { useBackend } from '@fqsr/backends';
import { planFromPreset } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomBatch, tinyEdsr } from '../../test/networks.js';
import { type Params, toTensors } from '../params.js';
import { forward } from '../passes/forward.js';
import { initParams } from '../passes/init.js';
import { correctOutput } from './correct-output.js';
import { postTrain } from './post-train.js';

const float = { graph: tinyEdsr({ blocks: 1, features: 8 }), params: new Map() as Params };
const batches = [0, 1, 2].map((seed) => randomBatch(seed, 2, 12, 4));
const nothing = { reconstruction: 'none', biasCorrection: 'none' } as const;
let quantized: ReturnType<typeof postTrain>;

beforeAll(async () => {
  await useBackend('wasm');
  Object.assign(float, { params: initParams(float.graph, 3) });
  quantized = postTrain(float.graph, float.params, planFromPreset('w4a4s8'), batches, nothing);
});

/** Mean squared error to the float network, before the image is clipped and rounded. */
function errorOf(params: Params): number {
  return tf.tidy(() => {
    const errors = batches.map(({ lr, batchSize, patchSize }) => {
      const images = tf.tensor4d(lr, [batchSize, patchSize, patchSize, 3]);
      const sr = forward(quantized.graph, images, { params: toTensors(quantized.graph, params), mode: 'quantized' });
      const wanted = forward(float.graph, images, { params: toTensors(float.graph, float.params), mode: 'float' });
      return tf.mean(tf.squaredDifference(sr, tf.clipByValue(wanted, 0, 255))).dataSync()[0] as number;
    });
    return errors.reduce((sum, error) => sum + error, 0) / errors.length;
  });
}

/** The levels of the last convolution's weights, before they are rounded. */
const levelsOf = (params: Params) => {
  const logSteps = params.get('tail.weight.logStep') as Float32Array;
  return (params.get('tail.weight') as Float32Array).map(
    (value, at) => value / Math.exp(logSteps[at % logSteps.length] as number),
  );
};

describe('correctOutput', () => {
  it('takes back contrast and brightness that were lost, and leaves every integer weight', () => {
    const dull = new Map(quantized.params);
    const scaled = (name: string, map: (value: number) => number) =>
      dull.set(name, (dull.get(name) as Float32Array).map(map));
    scaled('tail.weight', (value) => value * 0.9);
    scaled('tail.weight.logStep', (value) => value + Math.log(0.9));
    scaled('tail.bias', (value) => value * 0.9 + 4);
    const mended = correctOutput(quantized.graph, dull, float, batches);
    expect(errorOf(mended)).toBeLessThan(0.9 * errorOf(dull));
    expect(errorOf(mended)).toBeLessThanOrEqual(errorOf(quantized.params) * 1.001);
    for (const [at, level] of levelsOf(mended).entries()) {
      expect(level).toBeCloseTo(levelsOf(quantized.params)[at] as number, 4);
    }
    const changed = [...mended].flatMap(([name, values]) => (values === dull.get(name) ? [] : [name]));
    expect(changed.toSorted()).toEqual(['tail.bias', 'tail.weight', 'tail.weight.logStep']);
  });

  it('finds nothing to do a second time', () => {
    const once = correctOutput(quantized.graph, quantized.params, float, batches);
    const twice = correctOutput(quantized.graph, once, float, batches);
    for (const [at, step] of (twice.get('tail.weight.logStep') as Float32Array).entries()) {
      expect(step).toBeCloseTo(once.get('tail.weight.logStep')?.[at] as number, 3);
    }
  });

  it('says what it needs', () => {
    const { graph, params } = quantized;
    expect(() => correctOutput(graph, params, float, [])).toThrow('[sr-models] correctOutput: batches must hold');
    expect(() => correctOutput(float.graph, float.params, float, batches)).toThrow(
      'by lsq-log, a step for each channel',
    );
    const other = { graph: { ...float.graph, nodes: [] }, params: float.params };
    expect(() => correctOutput(graph, params, other, batches)).toThrow('the last convolution of graph, got none');
    const skipped = { graph: tinyEdsr({ blocks: 1, features: 8, imageSkip: 'bilinear' }), params: float.params };
    expect(() => correctOutput(graph, params, skipped, batches)).toThrow('float must have an image skip where graph');
  });
});
