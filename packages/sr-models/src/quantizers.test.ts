/** Every quantizer and every estimator trains a network, where its definition allows, and the trained network runs as inference does. */
import { useBackend } from '@fqsr/backends';
import { makePlan, planFromPreset, type QuantizerName, type QuantSpec, quantizers, stes } from '@fqsr/quant-core';
import { runModel } from '@fqsr/runtime';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomBatch, randomImage, tinyEdsr } from '../test/networks.js';
import type { Graph } from './graph.js';
import { type Params, toTensors } from './params.js';
import { forward } from './passes/forward.js';
import { initParams } from './passes/init.js';
import { lower } from './passes/lower.js';
import { quantizeGraph } from './passes/quantize.js';
import { verify } from './passes/verify.js';
import { startState, Trainer, trainerDefaults } from './train-step.js';

beforeAll(() => useBackend('wasm'));

type Fields = Partial<QuantSpec>;
const preset = planFromPreset('w4a4s8').roles;
const signedMidrise: Fields = { grid: 'midrise', narrow: false };
const float = tinyEdsr();

/** Weights, activations, and activations after a ReLU, as each quantizer serves them. */
const places = {
  'lsq-log': [{}, {}, {}],
  lsq: [{}, {}, {}],
  'lsq-plus': [{ quantizer: 'lsq' }, { affine: true }, { affine: true }],
  fqsr: [signedMidrise, { grid: 'midrise', signed: true }, { grid: 'midtread', signed: false }],
  pact: [{ quantizer: 'lsq' }, { quantizer: 'lsq' }, {}],
  dorefa: [signedMidrise, { quantizer: 'lsq' }, {}],
  pams: [{}, { signed: true, narrow: true }, { signed: true, narrow: true }],
  ddtb: [{ quantizer: 'lsq' }, { affine: true }, { affine: true }],
  quantsr: [{ quantizer: 'lsq' }, {}, {}],
  xnor: [{ ...signedMidrise, bits: 1 }, { quantizer: 'lsq' }, { quantizer: 'lsq' }],
  ternary: [{ bits: 2 }, { quantizer: 'lsq' }, { quantizer: 'lsq' }],
  static: [{}, {}, {}],
  fixed: [{ quantizer: 'lsq' }, { quantizer: 'lsq' }, { bits: 8 }],
} satisfies Record<QuantizerName, readonly [weights: Fields, activations: Fields, afterRelu: Fields]>;

function graphWith(quantizer: QuantizerName, ste: string) {
  const [weights, activations, afterRelu] = places[quantizer];
  const own = (fields: Fields): Fields => ({ quantizer, ste, ...fields });
  const plan = makePlan({
    name: `${quantizer}-${ste}`,
    roles: {
      ...preset,
      weights: { ...preset.weights, bits: 4, ...own(weights) },
      activations: { ...preset.activations, bits: 4, ...own(activations) },
    },
    overrides: [{ pattern: '*.conv2', role: 'activations', spec: own(afterRelu) }],
  });
  return quantizeGraph(float, plan);
}

/** Trains a few steps. */
function trained(graph: Graph): Params {
  using trainer = new Trainer(graph, startState(graph, initParams(float, 1)), { ...trainerDefaults, warmupSteps: 2 });
  for (let i = 0; i < 5; i++) expect(trainer.step(randomBatch(i, 2), 1e-3)).toBeLessThan(200);
  return trainer.params();
}

function trains(quantizer: QuantizerName, ste: string): void {
  const graph = graphWith(quantizer, ste);
  const params = trained(graph);
  tf.tidy(() => {
    const images = tf.tensor4d(randomBatch(9, 2).lr, [2, 8, 8, 3]);
    const pixels = forward(graph, images, { params: toTensors(graph, params), mode: 'exact' }).dataSync();
    expect(pixels.every((value) => Number.isInteger(value) && value >= 0 && value <= 255)).toBe(true);
  });
}

describe('a network trains', () => {
  it.each(Object.keys(quantizers) as QuantizerName[])('with the quantizer %s', (name) => trains(name, 'clipped'));
  it.each(Object.keys(stes))('with the estimator %s', (ste) => trains('lsq', ste));
});

it('weights may follow their own statistics, feature maps may not', () => {
  const plan = makePlan({
    name: 'dynamic',
    roles: {
      ...preset,
      activations: { ...preset.activations, bits: 2, narrow: true, signed: true, quantizer: 'ternary' },
    },
    overrides: [],
  });
  expect(() => quantizeGraph(float, plan)).toThrow('must have a grid that does not depend on the image');
});

describe('every method but those that shift the tensor runs as integers, as the trained graph does', () => {
  const lowered = (Object.keys(quantizers) as QuantizerName[]).filter((name) => name !== 'quantsr');
  it.each(lowered.map((name) => [name, 'clipped']).concat([['lsq', 'stochastic']]))('%s with %s', (name, ste) => {
    const graph = graphWith(name as QuantizerName, ste as string);
    const params = trained(graph);
    const image = randomImage(3, 17, 13);
    const model = lower(graph, params, {});
    const layers = verify(graph, params, image, (tap) => runModel(model, image, { tap }));
    expect(layers.filter(({ different }) => different > 0)).toEqual([]);
  });

  it.each<[QuantizerName, string]>([['quantsr', 'must be quantized as they are, got a learned shift']])(
    '%s is refused with the reason',
    (name, reason) => {
      const graph = graphWith(name, 'clipped');
      expect(() => lower(graph, trained(graph), {})).toThrow(reason);
    },
  );
});
