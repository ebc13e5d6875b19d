import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomBatch, randomImage, randomNumbers, tinySrresnet } from '../../test/networks.js';
import { ModelError } from '../error.js';
import { makeGraph } from '../graph.js';
import { type Params, toTensors } from '../params.js';
import { startState, Trainer, trainerDefaults } from '../train-step.js';
import { foldBatchNorm, foldGraph } from './fold.js';
import { forward } from './forward.js';
import { initParams } from './init.js';
import { quantizeGraph } from './quantize.js';

beforeAll(() => useBackend('wasm'));

const graph = tinySrresnet({ batchNorm: true, blocks: 2, features: 6 });

/** Random normalisations, far from the identity. */
function randomParams(seed: number): Params {
  const random = randomNumbers(seed);
  const draw: Readonly<Record<string, () => number>> = {
    gamma: () => 0.3 + 2 * random(),
    beta: () => 20 * (random() - 0.5),
    mean: () => 60 * (random() - 0.5),
    variance: () => 10 ** (4 * random() - 1),
  };
  return new Map(
    [...initParams(graph, seed)].map(([name, values]) => {
      const kind = draw[name.slice(name.lastIndexOf('.') + 1)];
      return [name, kind ? values.map(kind) : values];
    }),
  );
}

function run(net: { graph: typeof graph; params: Params }): Float32Array {
  const { width, height, data } = randomImage(5, 14, 11);
  return tf.tidy(() => {
    const image = tf.tensor4d(Float32Array.from(data), [1, height, width, 3]);
    return Float32Array.from(
      forward(net.graph, image, { params: toTensors(net.graph, net.params), mode: 'float' }).dataSync(),
    );
  });
}

describe('foldBatchNorm', () => {
  it.each([1, 2, 3])('changes the output by less than 1e-6 of its range, seed %i', (seed) => {
    const params = randomParams(seed);
    const folded = foldBatchNorm(graph, params);
    expect(folded.graph.nodes.some(({ op }) => op === 'batchNorm')).toBe(false);
    const [before, after] = [run({ graph, params }), run(folded)];
    const range = before.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const apart = before.reduce((most, x, i) => Math.max(most, Math.abs(x - (after[i] as number))), 0);
    expect(apart / range).toBeLessThan(1e-6);
  });

  it('keeps the names of everything else, and gives back what has nothing to fold', () => {
    const { graph: folded, params } = foldBatchNorm(graph, randomParams(1));
    expect(folded).toEqual(foldGraph(graph));
    expect(folded.nodes.map(({ name }) => name)).toEqual(
      graph.nodes.filter(({ op }) => op !== 'batchNorm').map(({ name }) => name),
    );
    expect(foldBatchNorm(folded, params)).toEqual({ graph: folded, params });
    expect(foldGraph(folded)).toBe(folded);
  });

  it('refuses a normalisation that shares its convolution, and a plan on what is not folded', () => {
    const shared = makeGraph({
      ...graph,
      nodes: graph.nodes.map((node) =>
        node.name === 'body.add' ? { ...node, inputs: ['body.conv', 'body.bn'] as const } : node,
      ),
    });
    expect(() => foldGraph(shared)).toThrow(ModelError);
    expect(() => foldGraph(shared)).toThrow('body.bn must be the only reader of a float convolution, got body.conv');
    const roles = { weights: null, activations: null, skips: null, outputs: null };
    expect(() => quantizeGraph(graph, { name: 'none', roles, overrides: [] })).toThrow('got body.0.bn1 (fold it first');
  });
});

describe('training with batch normalisation', () => {
  it('uses the statistics of the batch and moves the running ones, which no optimizer touches', () => {
    const params = initParams(graph, 1);
    using trainer = new Trainer(graph, startState(graph, params), { ...trainerDefaults, momentum: 1 });
    trainer.step(randomBatch(1, 2), 0);
    const first = trainer.params();
    const { mean, variance } = tf.tidy(() => {
      const batch = randomBatch(1, 2);
      let seen: { mean: number[]; variance: number[] } = { mean: [], variance: [] };
      forward(graph, tf.tensor4d(batch.lr, [2, 8, 8, 3]), {
        params: toTensors(graph, params),
        mode: 'float',
        statistics: 'batch',
        onNode: ({ name }, { value }) => {
          if (name !== 'body.0.conv1') return;
          const moments = tf.moments(value, [0, 1, 2]);
          seen = { mean: [...moments.mean.dataSync()], variance: [...moments.variance.dataSync()] };
        },
      });
      return seen;
    });
    for (const [c, value] of mean.entries()) expect(first.get('body.0.bn1.mean')?.[c]).toBeCloseTo(value, 3);
    for (const [c, value] of variance.entries()) {
      expect((first.get('body.0.bn1.variance')?.[c] as number) / ((value * 128) / 127)).toBeCloseTo(1, 4);
    }
    expect(first.get('body.0.bn1.gamma')).toEqual(params.get('body.0.bn1.gamma'));
  });

  it('lowers the loss, goes on from a state with the same bits, and freezes on request', () => {
    const losses = (trainer: Trainer, from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => trainer.step(randomBatch(from + i, 2), 2e-3));
    using straight = new Trainer(graph, startState(graph, initParams(graph, 2)), trainerDefaults);
    const all = losses(straight, 0, 60);
    expect(all.slice(-10).reduce((a, b) => a + b)).toBeLessThan(0.8 * all.slice(0, 10).reduce((a, b) => a + b));
    using first = new Trainer(graph, startState(graph, initParams(graph, 2)), trainerDefaults);
    losses(first, 0, 20);
    using second = new Trainer(graph, first.state(), trainerDefaults);
    expect(losses(second, 20, 60)).toEqual(all.slice(20));
    expect(second.state()).toEqual(straight.state());
    using frozen = new Trainer(graph, straight.state(), { ...trainerDefaults, freezeStatisticsAt: 0 });
    losses(frozen, 0, 3);
    expect(frozen.params().get('body.bn.mean')).toEqual(straight.params().get('body.bn.mean'));
  });
});
