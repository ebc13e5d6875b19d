import { useBackend } from '@fqsr/backends';
import { makePlan, planFromPreset } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomBatch, tinyEdsr } from '../../test/networks.js';
import { graphOf } from '../checkpoint.js';
import { ModelError } from '../error.js';
import type { ModelRef } from '../models/registry.js';
import type { Params } from '../params.js';
import { initParams } from '../passes/init.js';
import { startState, Trainer, type TrainerState, trainerDefaults } from '../train-step.js';

beforeAll(() => useBackend('wasm'));

const model: ModelRef = {
  family: 'edsr',
  name: 'tiny',
  config: { scale: 2, blocks: 1, features: 4, residualScale: 1, upsampler: 'direct' },
};
const graph = graphOf({ model, plan: planFromPreset('w4a4s8') });
const options = { ...trainerDefaults, warmupSteps: 2, emaDecay: 0.5, quantizerRate: 3, holdLevelsAt: 6 };
const start = (): TrainerState => startState(graph, initParams(tinyEdsr(), 1));

function train(trainer: Trainer, from: number, to: number, rate = 3e-3): number[] {
  return Array.from({ length: to - from }, (_, i) => trainer.step(randomBatch((from + i) % 4, 2), rate));
}

/** Weights in steps, by convolution. */
function levelsOf(params: Params): ReadonlyMap<string, Float32Array> {
  const found = [...params].flatMap(([name, weights]): [string, Float32Array][] => {
    const logSteps = params.get(`${name}.logStep`);
    if (!name.endsWith('.weight') || !logSteps) return [];
    return [[name, weights.map((value, at) => value / Math.exp(logSteps[at % logSteps.length] as number))]];
  });
  return new Map(found);
}

const rounded = (levels: ReadonlyMap<string, Float32Array>) =>
  new Map([...levels].map(([name, values]) => [name, Float32Array.from(values, Math.round)]));

describe('holdLevelsAt', () => {
  it('keeps every integer weight from there on, in the average too, while steps and biases learn', () => {
    using trainer = new Trainer(graph, start(), options);
    train(trainer, 0, 6);
    const held = trainer.params();
    const integers = rounded(levelsOf(held));
    expect(integers.size).toBe(5);
    expect(trainer.averaged()).toEqual(held);
    train(trainer, 6, 30);
    for (const after of [trainer.params(), trainer.averaged() as Params]) {
      for (const [name, levels] of levelsOf(after)) {
        const wanted = integers.get(name) as Float32Array;
        for (const [at, level] of levels.entries()) expect(level).toBeCloseTo(wanted[at] as number, 2);
        for (const learned of [`${name}.logStep`, name.replace('.weight', '.bias')]) {
          expect(after.get(learned)).not.toEqual(held.get(learned));
        }
      }
    }
  });

  it('goes on as without it until there, and learns after it', () => {
    const run = (holdLevelsAt: number | null) => {
      using trainer = new Trainer(graph, start(), { ...options, holdLevelsAt });
      return train(trainer, 0, 60);
    };
    const [held, free] = [run(6), run(null)];
    expect(held.slice(0, 6)).toEqual(free.slice(0, 6));
    expect(held.slice(7)).not.toEqual(free.slice(7));
    const mean = (losses: readonly number[]) => losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    expect(mean(held.slice(-8))).toBeLessThan(mean(held.slice(6, 14)));
  });

  it('gives a step the gradient of its levels: Adam goes downhill along it', () => {
    using trainer = new Trainer(graph, start(), options);
    train(trainer, 0, 6);
    const params = trainer.params();
    const at = { ...options, warmupSteps: 0, holdLevelsAt: 0, quantizerRate: 1, emaDecay: 0 };
    const batch = randomBatch(0, 2);
    const grown = (name: string, by: number) => {
      const values = params.get(name) as Float32Array;
      return values.map((value) => (name.endsWith('.logStep') ? value + by : value * Math.exp(by)));
    };
    const key = 'tail.weight';
    const lossAt = (by: number) => {
      const changed = new Map([...params, ...[key, `${key}.logStep`].map((name) => [name, grown(name, by)] as const)]);
      using other = new Trainer(graph, startState(graph, changed), at);
      const proposal = other.propose(batch);
      proposal.dispose();
      return proposal.loss;
    };
    using fresh = new Trainer(graph, startState(graph, params), at);
    fresh.step(batch, 1e-4);
    const before = params.get(`${key}.logStep`) as Float32Array;
    const moved = (fresh.params().get(`${key}.logStep`) as Float32Array).map(
      (value, o) => value - (before[o] as number),
    );
    const sum = moved.reduce((all, value) => all + value, 0);
    expect(Math.sign(sum)).toBe(lossAt(0.02) < lossAt(-0.02) ? 1 : -1);
  });

  it('resumes to the same bits, before, at and after that step', () => {
    using whole = new Trainer(graph, start(), options);
    train(whole, 0, 9);
    for (const stop of [5, 6, 7]) {
      using first = new Trainer(graph, start(), options);
      train(first, 0, stop);
      using second = new Trainer(graph, first.state(), options);
      train(second, stop, 9);
      expect(second.state()).toEqual(whole.state());
    }
  });

  it('leaks nothing', () => {
    using trainer = new Trainer(graph, start(), options);
    train(trainer, 0, 7);
    const { numTensors } = tf.memory();
    train(trainer, 7, 10);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'before the warm-up ends',
      () => new Trainer(graph, start(), { ...options, holdLevelsAt: 1 }),
      /at least warmupSteps 2, got 1/,
    ],
    [
      'of weights without logarithms of steps',
      () => {
        const { roles } = planFromPreset('w4a4s8');
        const weights = { bits: 4, quantizer: 'lsq' } as const;
        const own = graphOf({ model, plan: makePlan({ name: 'other', roles: { ...roles, weights }, overrides: [] }) });
        return new Trainer(own, startState(own, initParams(tinyEdsr(), 1)), options);
      },
      /weights of head must have lsq-log, got lsq/,
    ],
  ])('is refused %s', (_title, make, reason) => {
    expect(make).toThrow(ModelError);
    expect(make).toThrow(reason);
  });
});
