/** Every family trains in float, then fully quantized from there, and its integers equal the graph. */
import { useBackend } from '@fqsr/backends';
import { planFromPreset } from '@fqsr/quant-core';
import { parseModel, runModel, serializeModel } from '@fqsr/runtime';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  agrees,
  auditGraph,
  buildGraph,
  foldBatchNorm,
  forward,
  type Graph,
  initParams,
  lower,
  modelByName,
  type Params,
  quantizeGraph,
  startState,
  Trainer,
  toTensors,
  trainerDefaults,
  verify,
} from '../src/index.js';
import { randomBatch, randomImage } from './networks.js';

await useBackend('wasm');

const FLOAT_STEPS = 60;
const QUANTIZED_STEPS = 50;
const RATE = 4e-3;
const BATCHES = 8;

/** Mean absolute error on batches that no training sees. */
function validationError(graph: Graph, params: Params, mode: 'float' | 'exact'): number {
  const errors = [1001, 1002, 1003].map((seed) =>
    tf.tidy(() => {
      const { lr, hr, batchSize, patchSize } = randomBatch(seed, graph.scale, 12);
      const images = tf.tensor4d(lr, [batchSize, patchSize, patchSize, 3]);
      const side = patchSize * graph.scale;
      const sr = forward(graph, images, { params: toTensors(graph, params), mode });
      return tf.mean(tf.abs(tf.sub(sr, tf.tensor4d(hr, [batchSize, side, side, 3])))).dataSync()[0] as number;
    }),
  );
  return errors.reduce((a, b) => a + b) / errors.length;
}

function train(trainer: Trainer, steps: number, seed: number): void {
  for (let step = 0; step < steps; step++) trainer.step(randomBatch(seed + (step % BATCHES), 2, 10, 4), RATE);
}

describe.each([
  ['edsr-f8b1', 0.5],
  ['srresnet-f8b1', 0.5],
  ['srgan-f8b1', 0.5],
  // Starts near a bilinear enlargement, which is better than nothing.
  ['msrresnet-f8b1', 0.6],
] as const)('%s', (name, share) => {
  const float = buildGraph(modelByName(name, 2));
  const start = initParams(float, 1);
  const options = { ...trainerDefaults, freezeStatisticsAt: FLOAT_STEPS / 2 };
  using trainer = new Trainer(float, startState(float, start), options);
  train(trainer, FLOAT_STEPS, 1);
  const trained = trainer.params();

  it('trains in float', () => {
    expect(validationError(float, trained, 'float')).toBeLessThan(share * validationError(float, start, 'float'));
  });

  it.each(['w8a8s8', 'w4a4s8', 'w2a2s8'])('trains on in %s, without a float left, and its integers agree', (preset) => {
    const folded = foldBatchNorm(float, trained);
    const graph = quantizeGraph(folded.graph, planFromPreset(preset));
    expect(auditGraph(graph)).toMatchObject({ fullyQuantized: true, floats: [] });
    const warmupSteps = 3;
    using quantized = new Trainer(graph, startState(graph, folded.params), { ...trainerDefaults, warmupSteps });
    train(quantized, warmupSteps, 21);
    const calibrated = validationError(graph, quantized.params(), 'exact');
    train(quantized, QUANTIZED_STEPS, 31);
    const params = quantized.params();
    expect(validationError(graph, params, 'exact')).toBeLessThan(0.95 * calibrated);
    const model = parseModel(serializeModel(lower(graph, params)));
    const image = randomImage(5, 23, 17);
    expect(agrees(verify(graph, params, image, (tap) => runModel(model, image, { tap })))).toBe(true);
  });
});
