import { useBackend } from '@fqsr/backends';
import { planFromPreset } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomBatch, tinySrresnet } from '../../test/networks.js';
import { type Checkpoint, graphOf, parseCheckpoint, serializeCheckpoint } from '../checkpoint.js';
import { ModelError } from '../error.js';
import type { ModelRef } from '../models/registry.js';
import { initParams } from '../passes/init.js';
import { startState, type TrainerOptions, trainerDefaults } from '../train-step.js';
import { AdversarialTrainer } from './adversarial-trainer.js';
import { Adversary, type AdversaryOptions, adversaryDefaults, adversaryStart } from './adversary.js';
import { discriminate, discriminatorParameters, initDiscriminator } from './discriminator.js';

beforeAll(() => useBackend('wasm'));

const model: ModelRef = {
  family: 'srresnet',
  name: 'tiny',
  config: { scale: 2, blocks: 1, features: 4, batchNorm: false, output: 'tanh' },
};
const plan = planFromPreset('w4a4s8');
const options: TrainerOptions & AdversaryOptions = { ...trainerDefaults, ...adversaryDefaults, warmupSteps: 3 };
const config = { side: 16, features: 2 };
const params = () => initParams(tinySrresnet({ output: 'tanh' }), 1);
const tensorsOf = (seed: number, own = config) =>
  new Map(
    discriminatorParameters(own).map(({ name, shape }) => [
      name,
      tf.tensor(initDiscriminator(own, seed).get(name) as Float32Array, [...shape]),
    ]),
  );

describe('the discriminator', () => {
  it('has the parameters of the paper for images of 96x96', () => {
    const all = discriminatorParameters({ side: 96, features: 64 });
    const count = (pattern: RegExp) =>
      all
        .filter(({ name }) => pattern.test(name))
        .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    const between = [64 * 64, 64 * 128, 128 * 128, 128 * 256, 256 * 256, 256 * 512, 512 * 512];
    expect(count(/^conv/)).toBe(64 * 28 + 9 * between.reduce((a, b) => a + b));
    expect(count(/^norm/)).toBe(2 * (64 + 128 + 128 + 256 + 256 + 512 + 512));
    expect(count(/^dense/)).toBe(512 * 6 * 6 * 1024 + 1024 + 1024 + 1);
  });

  it('gives a logit for each image, the same for the same seed, with gradients that differences confirm', () => {
    tf.tidy(() => {
      const images = tf.tensor4d(randomBatch(1, 2, 20, 3).hr, [3, 40, 40, 3]);
      const size = { side: 40, features: 4 };
      const own = tensorsOf(3, size);
      const logits = discriminate(images, own);
      expect(logits.shape).toEqual([3, 1]);
      expect(discriminate(images, tensorsOf(3, size)).dataSync()).toEqual(logits.dataSync());
      expect(discriminate(images, tensorsOf(4, size)).dataSync()).not.toEqual(logits.dataSync());
      const along = (name: string) => {
        const at = own.get(name) as tf.Tensor;
        const of = (value: tf.Tensor) => tf.sum(discriminate(images, new Map(own).set(name, value)));
        const slope = tf.grad(of)(at);
        const unit = tf.div(slope, tf.norm(slope));
        const step = 1e-3;
        const ends = [step, -step].map((h) => of(tf.add(at, tf.mul(unit, h))).dataSync()[0] as number);
        return [((ends[0] as number) - (ends[1] as number)) / (2 * step), tf.norm(slope).dataSync()[0] as number];
      };
      for (const name of ['conv.0.bias', 'conv.3.weight', 'norm.5.gamma', 'dense.0.weight', 'dense.1.bias']) {
        const [difference, slope] = along(name) as [number, number];
        expect(difference / slope).toBeGreaterThan(0.97);
        expect(difference / slope).toBeLessThan(1.03);
      }
    });
  });

  it('refuses what is no size', () => {
    expect(() => discriminatorParameters({ side: 0, features: 2 })).toThrow(ModelError);
    expect(() => discriminatorParameters({ side: 16, features: 1.5 })).toThrow(
      'features must be a positive integer, got 1.5',
    );
  });
});

it.each(['standard', 'relativistic'])('a discriminator learns to tell images apart: %s', (adversarial) => {
  using adversary = new Adversary(adversaryStart(config, 1), { ...options, adversarial }, options);
  const [real, fake] = tf.tidy(() => {
    const smooth = tf.tensor4d(randomBatch(1, 2).hr, [2, 16, 16, 3]);
    return [smooth, tf.add(smooth, tf.randomNormal([2, 16, 16, 3], 0, 20, 'float32', 5)) as tf.Tensor4D] as const;
  });
  const losses = Array.from({ length: 25 }, () => {
    const proposal = adversary.propose(real, fake);
    proposal.commit(2e-3);
    return proposal.loss;
  });
  tf.dispose([real, fake]);
  expect(losses.at(-1)).toBeLessThan(0.6 * (losses[0] as number));
});

describe.each([
  ['a float generator', null, 'standard'],
  ['a quantized generator', plan, 'relativistic'],
] as const)('alternating updates: %s', (_, ownPlan, adversarial) => {
  const graph = graphOf({ model, plan: ownPlan });
  const own = { ...options, adversarial, adversarialWeight: 1, emaDecay: 0.9 };
  const create = () =>
    new AdversarialTrainer(
      graph,
      { generator: startState(graph, params()), adversary: adversaryStart(config, 2) },
      own,
    );
  const train = (trainer: AdversarialTrainer, from: number, to: number) =>
    Array.from({ length: to - from }, (_each, i) => {
      const loss = trainer.step(randomBatch(from + i, 2), 1e-3);
      return { loss, ...trainer.terms };
    });

  it('moves both networks, and says what each loses', () => {
    using trainer = create();
    const before = trainer.state();
    const [first] = train(trainer, 0, 1);
    const { loss, l1, adversarial, ...rest } = first as Record<'loss' | 'l1' | 'adversarial' | 'discriminator', number>;
    expect(Object.keys(rest)).toEqual(['discriminator']);
    expect(loss).toBeCloseTo(l1 + adversarial, 3);
    const after = trainer.state();
    expect(after.generator.params.get('tail.weight')).not.toEqual(before.generator.params.get('tail.weight'));
    expect(after.adversary.params.get('conv.0.weight')).not.toEqual(before.adversary.params.get('conv.0.weight'));
    expect(after.adversary.optimizer.steps).toBe(1);
  });

  it('goes on from a checkpoint with the same bits, of both networks and both optimizers', () => {
    using straight = create();
    const all = train(straight, 0, 6);
    using first = create();
    train(first, 0, 4);
    const { generator, adversary } = first.state();
    const { params: learned, ...rest } = generator;
    const saved: Checkpoint = { model, plan: ownPlan, params: learned, training: { ...rest, adversary }, run: {} };
    const loaded = parseCheckpoint(serializeCheckpoint(saved));
    expect(loaded).toEqual(saved);
    const { adversary: theirs, ...mine } = loaded.training as NonNullable<Checkpoint['training']>;
    const state = { generator: { params: loaded.params, ...mine }, adversary: theirs as NonNullable<typeof theirs> };
    using second = new AdversarialTrainer(graph, state, own);
    expect(train(second, 4, 6)).toEqual(all.slice(4));
    expect(second.state()).toEqual(straight.state());
  });

  it('changes neither network at a loss that is not finite, and leaks nothing', () => {
    using trainer = create();
    train(trainer, 0, 4);
    const before = trainer.state();
    const tensors = tf.memory().numTensors;
    const batch = randomBatch(0, 2);
    batch.hr[5] = Number.NaN;
    expect(() => trainer.step(batch, 1e-3)).toThrow('loss must stay finite');
    expect(trainer.state()).toEqual(before);
    train(trainer, 4, 6);
    expect(tf.memory().numTensors).toBe(tensors);
  });
});

it('patches of another size are refused, and everything is freed', () => {
  const before = tf.memory().numTensors;
  const graph = graphOf({ model, plan: null });
  const state = { generator: startState(graph, params()), adversary: adversaryStart(config, 2) };
  const trainer = new AdversarialTrainer(graph, state, options);
  expect(() => trainer.step(randomBatch(0, 2, 12), 1e-3)).toThrow(
    'must have side 16, as the discriminator was made for, got 24',
  );
  trainer.dispose();
  expect(() => new AdversarialTrainer(graph, state, { ...options, loss: 'perceptual' })).toThrow('VGG19');
  expect(tf.memory().numTensors).toBe(before);
});
