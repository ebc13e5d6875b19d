import { useBackend } from '@fqsr/backends';
import { planFromPreset } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { calibratedParams, randomBatch, tinyEdsr, tinySrresnet } from '../../test/networks.js';
import { ModelError } from '../error.js';
import { initParams } from '../passes/init.js';
import { quantizeGraph } from '../passes/quantize.js';
import { startState, Trainer, trainerDefaults } from '../train-step.js';
import { distillationByName, distillations } from './registry.js';
import { type DistillOptions, distillNodesDefault, Teacher } from './teacher.js';
import type { Distillation, Made } from './types.js';

await useBackend('wasm');

const entries: readonly (readonly [string, Distillation])[] = Object.entries(distillations);
const map = (values: number[], channels: number) => tf.tensor4d(values, [1, 1, values.length / channels, channels]);
const made = (image: number[], features: number[], channels: number): Made => ({
  image: map(image, 3),
  features: [map(features, channels)],
});

describe.each(entries)('distillation %s', (key, way) => {
  it('is found by its name and described', () => {
    expect(way.name).toBe(key);
    expect(way.description).not.toBe('');
    expect(distillationByName(key)).toBe(way);
  });

  it('is 0 at equality and positive elsewhere', () => {
    tf.tidy(() => {
      const one = made([1, 2, 3, 4, 5, 6], [1, -2, 3, 4], 2);
      expect(way.of(one, one).dataSync()[0]).toBe(0);
      expect(way.of(made([1, 2, 3, 4, 5, 9], [5, 0, 0, 1], 2), one).dataSync()[0]).toBeGreaterThan(0);
    });
  });
});

it('outputs is the mean absolute error of the images', () => {
  tf.tidy(() => {
    const value = distillations.outputs.of(made([1, 2, 3], [1], 1), made([3, 2, 7], [1], 1));
    expect(value.dataSync()[0]).toBe(2);
  });
});

it('squared-outputs is the mean squared error of the images, and its gradient twice the error', () => {
  tf.tidy(() => {
    const teacher = made([3, 2, 7], [1], 1);
    expect(distillations['squared-outputs'].of(made([1, 2, 3], [1], 1), teacher).dataSync()[0]).toBeCloseTo(20 / 3, 6);
    const gradient = tf.grad((image) =>
      distillations['squared-outputs'].of({ ...teacher, image: image as tf.Tensor4D }, teacher),
    );
    for (const [at, value] of gradient(map([1, 2, 3], 3))
      .dataSync()
      .entries()) {
      expect(value).toBeCloseTo([-4 / 3, 0, -8 / 3][at] as number, 5);
    }
  });
});

it('attention compares normalised sums of squares over channels, by hand, whatever their number', () => {
  tf.tidy(() => {
    // Student: two pixels, squares 9 + 16 = 25 and 0: map (1, 0). Teacher: 9 and 16: map (0.6, 0.8) of 9^2 and 12^2... of norm 1.
    const student = made([0, 0, 0], [3, 4, 0, 0], 2);
    const teacher = made([0, 0, 0], [Math.sqrt(3), -2], 1);
    const value = distillations.attention.of(student, teacher);
    expect(value.dataSync()[0]).toBeCloseTo(((1 - 0.6) ** 2 + 0.8 ** 2) / 2, 6);
    const zero = made([0, 0, 0], [0, 0], 1);
    expect(distillations.attention.of(zero, zero).dataSync()[0]).toBe(0);
    expect(() => distillations.attention.of({ ...zero, features: [] }, zero)).toThrow('nodes must name a node');
  });
});

describe('a teacher', () => {
  const float = tinyEdsr({ features: 6 });
  const teacher = { graph: float, params: calibratedParams(float, 3) };
  const student = quantizeGraph(tinyEdsr(), planFromPreset('w8a8s8'));
  const options: DistillOptions = { distill: { outputs: 1, attention: 1000 }, distillNodes: distillNodesDefault };

  it('is what the student learns to follow, through its quantizers, by both terms', () => {
    using source = new Teacher(teacher, student, options);
    const before = tf.memory().numTensors;
    const own = { ...trainerDefaults, warmupSteps: 5, loss: { l1: 1e-6 } };
    const trainer = new Trainer(student, startState(student, initParams(tinyEdsr(), 1)), own, { terms: [source] });
    const terms = Array.from({ length: 70 }, (_, step) => {
      trainer.step(randomBatch(step, 2), 3e-3);
      return trainer.terms;
    });
    const mean = (name: string, from: number, to: number) =>
      terms.slice(from, to).reduce((sum, each) => sum + (each[name] as number), 0) / (to - from);
    for (const name of ['distill-outputs', 'distill-attention']) {
      expect(mean(name, 55, 70)).toBeLessThan(0.7 * mean(name, 0, 4));
    }
    trainer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('that is the student itself has nothing to teach', () => {
    const params = calibratedParams(float, 3);
    using source = new Teacher({ graph: float, params }, float, options);
    using trainer = new Trainer(float, startState(float, params), trainerDefaults, { terms: [source] });
    trainer.step(randomBatch(1, 2), 0);
    expect(trainer.terms).toMatchObject({ 'distill-outputs': 0, 'distill-attention': 0 });
  });

  it('is refused where it does not fit', () => {
    const refuse = (own: Partial<typeof options>, graph: typeof float, reason: string) => {
      expect(() => new Teacher(teacher, graph, { ...options, ...own })).toThrow(ModelError);
      expect(() => new Teacher(teacher, graph, { ...options, ...own })).toThrow(reason);
    };
    refuse({}, tinyEdsr({ scale: 3 }), "the teacher must have the student's scale 3, got 2");
    refuse({ distillNodes: ['body.0.act'] }, tinySrresnet(), 'got body.0.act, which tiny lacks');
    refuse(
      { distill: { outputs: -1, attention: 1 } },
      student,
      'the weight of distillation outputs must be a positive number, got -1',
    );
    refuse(
      { distill: { outputs: 1, logits: 1 } },
      student,
      'distillation must be one of outputs, squared-outputs, attention',
    );
  });
});
