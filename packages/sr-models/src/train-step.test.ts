import { useBackend } from '@fqsr/backends';
import { makePlan, planFromPreset } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomBatch, tinyEdsr } from '../test/networks.js';
import { type Checkpoint, graphOf, parseCheckpoint, serializeCheckpoint } from './checkpoint.js';
import { ModelError } from './error.js';
import type { ModelRef } from './models/registry.js';
import type { Params } from './params.js';
import { initParams } from './passes/init.js';
import { startState, Trainer, type TrainerOptions, type TrainerState, trainerDefaults } from './train-step.js';
import { clipByNorm } from './training/clip.js';

beforeAll(() => useBackend('wasm'));

const model: ModelRef = {
  family: 'edsr',
  name: 'tiny',
  config: { scale: 2, blocks: 1, features: 4, residualScale: 1, upsampler: 'direct' },
};
const plan = planFromPreset('w4a4s8');
const graph = graphOf({ model, plan });
const plain: TrainerOptions = { ...trainerDefaults, warmupSteps: 4, quantizationLoss: 0.1, quantizerRate: 0.5 };
const options = plain;
const start = (seed = 1): TrainerState => startState(graph, initParams(tinyEdsr(), seed));

/** Trains from step `from` up to step `to` on seeded batches; the losses. */
function train(trainer: Trainer, from: number, to: number, rate = 1e-3): number[] {
  return Array.from({ length: to - from }, (_, i) => trainer.step(randomBatch(from + i, 2), rate));
}

describe('learning', () => {
  it.each([
    ['float', null, 0],
    ['quantized', plan, 0],
    ['quantized with the quantization-aware loss', plan, 0.3],
  ])('the loss falls on a tiny problem: %s', (_, ownPlan, quantizationLoss) => {
    const own = graphOf({ model, plan: ownPlan });
    using trainer = new Trainer(own, startState(own, initParams(tinyEdsr(), 1)), { ...options, quantizationLoss });
    const losses = train(trainer, 0, 60, 3e-3);
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(losses.slice(-8))).toBeLessThan(0.75 * mean(losses.slice(0, 4)));
  });

  it('the quantization-aware loss is not part of what step returns, but moves the steps', () => {
    const run = (quantizationLoss: number) => {
      using trainer = new Trainer(graph, start(), { ...options, quantizationLoss });
      const losses = train(trainer, 0, 8);
      return { loss: losses[4], params: trainer.params() };
    };
    const [without, withLoss] = [run(0), run(10)];
    expect(withLoss.loss).toBe(without.loss);
    expect(withLoss.params.get('tail.in.logStep')).not.toEqual(without.params.get('tail.in.logStep'));
  });

  it('quantizerRate 0 keeps the calibrated steps', () => {
    using trainer = new Trainer(graph, start(), { ...options, quantizerRate: 0 });
    train(trainer, 0, 4);
    const calibrated = trainer.params();
    train(trainer, 4, 6);
    expect(trainer.params().get('tail.in.logStep')).toEqual(calibrated.get('tail.in.logStep'));
    expect(trainer.params().get('tail.weight')).not.toEqual(calibrated.get('tail.weight'));
  });
});

describe('warm-up', () => {
  const steps = (params: Params) => [...params].filter(([name]) => name.endsWith('.logStep'));

  it('runs in float for warmupSteps, then every grid has a calibrated step', () => {
    using trainer = new Trainer(graph, start(), options);
    const float = graphOf({ model, plan: null });
    using reference = new Trainer(float, startState(float, initParams(tinyEdsr(), 1)), options);
    expect(reference.warmingUp).toBe(false);
    for (let i = 0; i < 4; i++) {
      expect(trainer.warmingUp).toBe(true);
      expect(steps(trainer.params()).every(([, values]) => values.every((value) => value === 0))).toBe(true);
      expect(train(trainer, i, i + 1)).toEqual(train(reference, i, i + 1));
    }
    expect(trainer.warmingUp).toBe(false);
    expect(trainer.params().get('head.weight')).toEqual(reference.params().get('head.weight'));
    for (const [, values] of steps(trainer.params()))
      expect(values.every((value) => value !== 0 && Number.isFinite(value))).toBe(true);
    expect(Object.keys(trainer.state().observers)).toEqual([]);
    const before = trainer.params();
    train(trainer, 4, 5);
    for (const [name, values] of steps(trainer.params())) expect(values).not.toEqual(before.get(name));
  });

  it('also where weights alone are quantized', () => {
    const weightsOnly = makePlan({
      name: 'w4',
      roles: { ...plan.roles, activations: null, skips: null },
      overrides: [],
    });
    const own = graphOf({ model, plan: weightsOnly });
    using trainer = new Trainer(own, startState(own, initParams(tinyEdsr(), 1)), options);
    expect(trainer.warmingUp).toBe(true);
    train(trainer, 0, 4);
    const calibrated = steps(trainer.params());
    expect(calibrated.length).toBe(5);
    for (const [, values] of calibrated) expect(values.every((value) => value < 0)).toBe(true);
    train(trainer, 4, 6);
    expect(trainer.params().get('tail.weight.logStep')).not.toEqual(new Map(calibrated).get('tail.weight.logStep'));
  });

  it('is over at once with warmupSteps 0, and the steps that were given stand', () => {
    using warm = new Trainer(graph, start(), options);
    train(warm, 0, 4);
    using trainer = new Trainer(graph, startState(graph, warm.params()), { ...options, warmupSteps: 0 });
    expect(trainer.warmingUp).toBe(false);
    expect(trainer.params()).toEqual(warm.params());
  });
});

describe('going on from a checkpoint gives the same bits', () => {
  it.each([
    ['inside the warm-up', 2],
    ['at its end', 4],
    ['after it', 6],
  ])('saved %s', (_, stop) => {
    const options: TrainerOptions = {
      ...plain,
      optimizer: 'adamw',
      clipNorm: 1,
      emaDecay: 0.9,
      loss: { l1: 1, mse: 0.01 },
    };
    using straight = new Trainer(graph, start(), options);
    const losses = train(straight, 0, 9);
    using first = new Trainer(graph, start(), options);
    train(first, 0, stop);
    const { params, ...rest } = first.state();
    const saved: Checkpoint = { model, plan, params, training: { ...rest, adversary: null }, run: { seed: 1 } };
    const loaded = parseCheckpoint(serializeCheckpoint(saved));
    expect(loaded).toEqual(saved);
    const state: TrainerState = { params: loaded.params, ...(loaded.training as NonNullable<Checkpoint['training']>) };
    using second = new Trainer(graphOf(loaded), state, options);
    expect(train(second, stop, 9)).toEqual(losses.slice(stop));
    expect(second.state()).toEqual(straight.state());
  });

  it('for both calibrations', () => {
    for (const calibration of ['mse', 'moving-max']) {
      const own = { ...options, calibration };
      using straight = new Trainer(graph, start(), own);
      train(straight, 0, 5);
      using first = new Trainer(graph, start(), own);
      train(first, 0, 3);
      using second = new Trainer(graph, first.state(), own);
      train(second, 3, 5);
      expect(second.state()).toEqual(straight.state());
    }
  });
});

describe('what is not finite is refused, and changes nothing', () => {
  const batch = randomBatch(0, 2);
  const spoiled = (field: 'lr' | 'hr', value: number) => {
    const values = batch[field].slice();
    values[7] = value;
    return { ...batch, [field]: values };
  };

  it.each([
    ['loss must stay finite, got NaN; first in input at step 2', 2, spoiled('lr', Number.NaN)],
    [
      'loss must stay finite, got Infinity; no node of the network has it, so it comes from the loss at step 0',
      0,
      spoiled('hr', Number.POSITIVE_INFINITY),
    ],
    [
      'loss must stay finite, got NaN; no node of the network has it, so it comes from the loss at step 5',
      5,
      spoiled('hr', Number.NaN),
    ],
    ['loss must stay finite, got NaN; first in input at step 5', 5, spoiled('lr', Number.NaN)],
    // Sums overflow, and quantizers turn infinities into levels: the loss does not show it, the gradient does.
    ['gradients must stay finite, got NaN or infinity in head.weight', 5, spoiled('lr', 3e38)],
  ])('%s', (reason, step, bad) => {
    using trainer = new Trainer(graph, start(), options);
    train(trainer, 0, step);
    const before = trainer.state();
    const tensors = tf.memory().numTensors;
    expect(() => trainer.step(bad, 1e-3)).toThrow(ModelError);
    expect(() => trainer.step(bad, 1e-3)).toThrow(reason);
    expect(trainer.state()).toEqual(before);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(Number.isFinite(trainer.step(batch, 1e-3))).toBe(true);
  });
});

it('leaks no tensors over 20 steps, and frees all of its own', () => {
  const before = tf.memory().numTensors;
  const trainer = new Trainer(graph, start(), options);
  train(trainer, 0, 1);
  const running = tf.memory().numTensors;
  train(trainer, 1, 21);
  trainer.state();
  expect(tf.memory().numTensors).toBe(running);
  trainer.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

it('refuses an unknown loss, optimizer or calibration before it begins', () => {
  const before = tf.memory().numTensors;
  const refuse = (wrong: Partial<TrainerOptions>, reason: string) => {
    expect(() => new Trainer(graph, start(), { ...options, ...wrong })).toThrow(reason);
  };
  refuse({ loss: 'l3' }, 'loss must be one of l1, charbonnier, mse, perceptual, perceptual-mse, multi-scale-gradient');
  refuse({ loss: { perceptual: 1 } }, 'loss perceptual must have VGG19 weights, got none');
  refuse({ optimizer: 'sgd' }, 'optimizer must be one of adam, adamw, got "sgd"');
  refuse({ calibration: 'guess' }, 'calibration');
  expect(tf.memory().numTensors).toBe(before);
});

describe('objectives of several terms', () => {
  it('are the weighted sum of their terms, which can be told apart', () => {
    using trainer = new Trainer(graph, start(), { ...options, loss: { l1: 0.5, mse: 0.01 } });
    const [loss] = train(trainer, 0, 1);
    const { l1, mse } = trainer.terms as { l1: number; mse: number };
    expect(loss).toBeCloseTo(0.5 * l1 + 0.01 * mse, 3);
    using plain = new Trainer(graph, start(), options);
    expect(train(plain, 0, 1)).toEqual([l1]);
  });
});

describe('gradient clipping', () => {
  it('leaves a gradient within the limit alone, and scales a longer one by its global norm', () => {
    const gradient = tf.tensor1d([3, 0, -4]);
    const clipped = (limit: number) => tf.tidy(() => [...clipByNorm(gradient, limit).dataSync()]);
    expect(clipped(0)).toEqual([3, 0, -4]);
    expect(clipped(5)).toEqual([3, 0, -4]);
    for (const [i, value] of [0.6, 0, -0.8].entries()) expect(clipped(1)[i]).toBeCloseTo(value, 6);
    gradient.dispose();
    const huge = tf.tensor1d([3e30, 4e30]);
    const [a, b] = tf.tidy(() => [...clipByNorm(huge, 10).dataSync()]) as [number, number];
    expect([a, b].map((value) => value.toFixed(4))).toEqual(['6.0000', '8.0000']);
    huge.dispose();
  });

  it('bounds a step of an optimizer without memory of scale', () => {
    const moved = (clipNorm: number) => {
      using trainer = new Trainer(graph, start(), { ...options, clipNorm, epsilon: 1e6, beta1: 0 });
      const before = trainer.params().get('head.weight') as Float32Array;
      train(trainer, 0, 1, 1e6);
      return Math.hypot(
        ...(trainer.params().get('head.weight') as Float32Array).map((w, i) => w - (before[i] as number)),
      );
    };
    expect(moved(0.01)).toBeLessThan(0.0101);
    expect(moved(0)).toBeGreaterThan(0.1);
  });
});

describe('the moving average', () => {
  it('follows its formula, starts at the parameters, and has calibrated grids', () => {
    using trainer = new Trainer(graph, start(), { ...options, emaDecay: 0.3 });
    const of = (params: Params | null, name: string) => params?.get(name)?.[0] ?? Number.NaN;
    let wanted = of(trainer.params(), 'head.weight');
    expect(trainer.averaged()).toEqual(trainer.params());
    for (let step = 0; step < 6; step++) {
      train(trainer, step, step + 1);
      wanted += (1 - Math.min(0.3, (2 + step) / (11 + step))) * (of(trainer.params(), 'head.weight') - wanted);
      expect(of(trainer.averaged(), 'head.weight')).toBeCloseTo(wanted, 6);
      if (step === 3) expect(of(trainer.averaged(), 'tail.in.logStep')).toBe(of(trainer.params(), 'tail.in.logStep'));
    }
    expect(trainer.averaged()).not.toEqual(trainer.params());
  });

  it('is kept only on request', () => {
    using trainer = new Trainer(graph, start(), options);
    expect(trainer.averaged()).toBeNull();
    expect(trainer.state().ema).toBeNull();
  });
});
