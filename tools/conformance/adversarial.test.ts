/** SRGAN's second stage on every backend: alternating updates of a fully quantized generator and its discriminator. */
import { useBackend } from '@fqsr/backends';
import { devicesHere } from '@fqsr/backends/testing';
import { planFromPreset } from '@fqsr/quant-core';
import {
  AdversarialTrainer,
  adversaryDefaults,
  adversaryStart,
  buildGraph,
  graphOf,
  initParams,
  type ModelRef,
  startState,
  trainerDefaults,
} from '@fqsr/sr-models';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { batchAt, patchSize } from './training.ts';

const hasWebgpu = (await devicesHere()).includes('webgpu');

const model: ModelRef = {
  family: 'srresnet',
  name: 'small',
  config: { scale: 2, blocks: 1, features: 4, batchNorm: false, output: 'tanh' },
};
const graph = graphOf({ model, plan: planFromPreset('w4a4s8') });
/**
 * Two steps in float, then on grids. The adversarial loss weighs as much as the other, so that what it asks of the
 * generator shows; the rate is one that does not amplify last bits.
 */
const options = { ...trainerDefaults, ...adversaryDefaults, warmupSteps: 2, adversarialWeight: 1 };
const steps = 4;

/** Of each step: the generator's loss, and all terms of both networks. */
function curve(): readonly Readonly<Record<string, number>>[] {
  using trainer = new AdversarialTrainer(
    graph,
    {
      generator: startState(graph, initParams(buildGraph(model), 7)),
      adversary: adversaryStart({ side: 2 * patchSize, features: 2 }, 8),
    },
    options,
  );
  return Array.from({ length: steps }, (_, step) => {
    const loss = trainer.step(batchAt(step), 1e-4);
    return { loss, ...trainer.terms };
  });
}

test.skipIf(!hasWebgpu)(
  'the adversarial stage gives the same losses on wasm and on webgpu within 0.1 %, and leaves no tensor',
  async () => {
    await useBackend('wasm');
    const expected = curve();
    expect(Object.keys(expected[0] ?? {})).toEqual(
      expect.arrayContaining(['loss', 'l1', 'adversarial', 'discriminator']),
    );
    await useBackend('webgpu');
    const before = tf.memory().numTensors;
    const got = curve();
    expect(tf.memory().numTensors).toBe(before);
    for (const [step, terms] of expected.entries()) {
      for (const [name, value] of Object.entries(terms)) {
        expect(Math.abs((got[step]?.[name] ?? Number.NaN) / value - 1), `step ${step}, ${name}`).toBeLessThan(1e-3);
      }
    }
  },
  120_000,
);
