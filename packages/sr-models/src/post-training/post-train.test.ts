import { useBackend } from '@fqsr/backends';
import { planFromPreset } from '@fqsr/quant-core';
import { runModel } from '@fqsr/runtime';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  perChannelPlan,
  randomBatch,
  randomImage,
  randomNumbers,
  tinyEdsr,
  tinyMsrresnet,
  tinySrresnet,
} from '../../test/networks.js';
import type { Graph } from '../graph.js';
import { type Params, toTensors } from '../params.js';
import { type Features, forward } from '../passes/forward.js';
import { initParams } from '../passes/init.js';
import { lower } from '../passes/lower.js';
import { quantizeGraph } from '../passes/quantize.js';
import { agrees, verify } from '../passes/verify.js';
import { balanceGraph } from './balance-graph.js';
import { inputRanges } from './calibrate-graph.js';
import { equalizeGraph, pairsOf } from './equalize-graph.js';
import { type PostTrainOptions, postTrain } from './post-train.js';
import { regionsOf } from './regions.js';
import { channelSpaces, rotateGraph } from './transform-graph.js';

const float = tinyEdsr({ blocks: 2, features: 6 });
const batches = [0, 1, 2].map((seed) => randomBatch(seed, 2, 10, 4));

/** Weights of very different sizes, and biases. */
function floatParams(graph: Graph): Params {
  const random = randomNumbers(4);
  return new Map(
    [...initParams(graph, 3)].map(([name, values]) => [
      name,
      values.map((value, i) => (name.endsWith('.bias') ? (random() - 0.5) * 12 : value * 2 ** ((i % 6) / 2 - 1))),
    ]),
  );
}

let params: Params;
beforeAll(async () => {
  await useBackend('wasm');
  params = floatParams(float);
});

function output(graph: Graph, own: Params, mode: 'float' | 'exact', seed = 77): Float32Array {
  const { width, height, data } = randomImage(seed, 20, 16);
  return tf.tidy(() => {
    const image = tf.tensor4d(Float32Array.from(data), [1, height, width, 3]);
    const result = forward(graph, image, { params: toTensors(graph, own), mode });
    return Float32Array.from(tf.clipByValue(result, 0, 255).dataSync());
  });
}

/** Mean squared error against the float network on images that were not calibrated on. */
function errorOf(plan: string, options: Partial<PostTrainOptions>): number {
  const trained = postTrain(float, params, planFromPreset(plan), batches, options);
  let sum = 0;
  for (const seed of [77, 78, 79]) {
    const expected = output(float, params, 'float', seed);
    const actual = output(trained.graph, trained.params, 'exact', seed);
    sum += actual.reduce((total, x, i) => total + (x - (expected[i] as number)) ** 2, 0) / actual.length;
  }
  return sum / 3;
}

const learning = { iterations: 40, batchSize: 4 };

describe('regions', () => {
  it('are residual blocks and single convolutions, each convolution in exactly one', () => {
    const { graph } = postTrain(float, params, planFromPreset('w4a4s8'), batches, {
      reconstruction: 'none',
      biasCorrection: 'none',
    });
    const names = (granularity: 'layer' | 'block') =>
      regionsOf(graph, granularity).map(({ name, source, convs }) => [source, name, convs.length]);
    expect(names('block')).toEqual([
      ['input', 'head', 1],
      ['head', 'body.0.add', 2],
      ['body.0.add', 'body.1.add', 2],
      ['body.1.add', 'body.conv', 1],
      ['body.add', 'tail', 1],
    ]);
    expect(names('layer').map(([, name]) => name)).toEqual(
      graph.nodes.filter(({ op }) => op === 'conv2d').map(({ name }) => name),
    );
  });
});

describe('equalizeGraph', () => {
  const shuffled = tinyEdsr({ blocks: 1, upsampler: 'shuffle' });
  const names = (graph: Graph) => pairsOf(graph).map(({ first, second }) => [first.name, second.name]);

  it('pairs what follows each other alone, through ReLU and pixel shuffles', () => {
    expect(names(float)).toEqual([
      ['body.0.conv1', 'body.0.conv2'],
      ['body.1.conv1', 'body.1.conv2'],
    ]);
    expect(names(shuffled)).toEqual([
      ['body.0.conv1', 'body.0.conv2'],
      ['up.0.conv', 'tail'],
    ]);
  });

  it.each(['weights', 'activations'] as const)('leaves the float network as it is: by %s', (by) => {
    const own = floatParams(shuffled);
    const graph = quantizeGraph(shuffled, planFromPreset('w8a8s8'));
    const ranges = inputRanges(graph, own, batches);
    const after = by === 'weights' ? equalizeGraph(shuffled, own) : equalizeGraph(shuffled, own, ranges);
    for (const name of [
      'body.0.conv1.weight',
      'body.0.conv2.weight',
      'up.0.conv.weight',
      'up.0.conv.bias',
      'tail.weight',
    ]) {
      expect(after.get(name), name).not.toEqual(own.get(name));
    }
    expect(after.get('head.weight')).toEqual(own.get('head.weight'));
    const [before, now] = [output(shuffled, own, 'float'), output(shuffled, after, 'float')];
    for (const [i, x] of before.entries()) expect(Math.abs((now[i] as number) - x)).toBeLessThan(1e-2);
  });

  it('makes the ranges of activations and of the weights that read them equal', () => {
    const own = floatParams(shuffled);
    const graph = quantizeGraph(shuffled, planFromPreset('w8a8s8'));
    const after = equalizeGraph(shuffled, own, inputRanges(graph, own, batches));
    const activations = inputRanges(graph, after, batches).get('tail') as Float32Array;
    const weights = after.get('tail.weight') as Float32Array;
    for (const [channel, range] of activations.entries()) {
      const largest = weights.reduce(
        (most, w, at) => (Math.floor(at / 3) % 4 === channel ? Math.max(most, Math.abs(w)) : most),
        0,
      );
      expect(range / largest).toBeCloseTo(1, 2);
    }
  });
});

describe('transformGraph', () => {
  const names = (graph: Graph) =>
    channelSpaces(graph).map(({ makers, readers, channels }) => [
      makers.map(({ name }) => name).join(' '),
      readers.map(({ name }) => name).join(' '),
      channels,
    ]);

  it('finds what only linear ops make and read: the stream, and the maps of the upsampler', () => {
    expect(names(tinyEdsr({ upsampler: 'shuffle' }))).toEqual([
      ['head body.0.conv2 body.conv', 'body.0.conv1 body.conv up.0.conv', 4],
      ['up.0.conv', 'tail', 4],
    ]);
    expect(names(tinyEdsr())).toEqual([['head body.0.conv2 body.conv', 'body.0.conv1 body.conv tail', 4]]);
  });

  it('leaves alone what a PReLU or the image takes part in', () => {
    expect(names(tinySrresnet())).toEqual([]);
    expect(names(tinyMsrresnet())).toEqual([]);
  });

  it.each([
    { upsampler: 'shuffle', features: 6 },
    { upsampler: 'shuffle', scale: 4, residualScale: 0.1, blocks: 2 },
    { upsampler: 'direct' },
  ] as const)('leaves the float network as it is: %o', (config) => {
    const graph = tinyEdsr(config);
    const own = floatParams(graph);
    const changes = { hadamard: rotateGraph(graph, own, 5), balanced: balanceGraph(graph, own, batches, 5) };
    for (const after of Object.values(changes)) expectSame(graph, own, after);
  });

  /** Other parameters, the same images. */
  function expectSame(graph: Graph, own: Params, after: Params) {
    for (const name of ['head.weight', 'head.bias', 'body.0.conv1.weight', 'body.0.conv2.weight', 'tail.weight']) {
      expect(after.get(name), name).not.toEqual(own.get(name));
    }
    expect(after.get('body.0.conv1.bias')).toEqual(own.get('body.0.conv1.bias'));
    const [before, now] = [output(graph, own, 'float'), output(graph, after, 'float')];
    for (const [i, x] of before.entries()) expect(Math.abs((now[i] as number) - x)).toBeLessThan(1e-2);
  }

  it('tames a channel that outgrows all others', () => {
    const outlier = new Map(params);
    for (const key of ['weight', 'bias']) {
      const values = params.get(`head.${key}`) as Float32Array;
      outlier.set(
        `head.${key}`,
        values.map((value, at) => (at % 6 === 0 ? value * 20 : value)),
      );
    }
    for (const reader of ['body.0.conv1', 'body.1.conv1', 'body.conv', 'tail']) {
      const values = params.get(`${reader}.weight`) as Float32Array;
      const outs = reader === 'tail' ? 12 : 6;
      const read = values.map((value, at) => (Math.floor(at / outs) % 6 === 0 ? value / 20 : value));
      outlier.set(`${reader}.weight`, read);
    }
    const errorWith = (rotation: PostTrainOptions['rotation']) => {
      const options = { reconstruction: 'none', biasCorrection: 'none', rotation } as const;
      const trained = postTrain(float, outlier, planFromPreset('w8a4s6'), batches, options);
      const [expected, actual] = [output(float, outlier, 'float'), output(trained.graph, trained.params, 'exact')];
      return actual.reduce((sum, x, i) => sum + (x - (expected[i] as number)) ** 2, 0);
    };
    expect(errorWith('hadamard')).toBeLessThan(errorWith('none') * 0.8);
    expect(errorWith('balanced')).toBeLessThan(errorWith('hadamard'));
  });
});

describe('postTrain', () => {
  it('comes nearer to the float network with each of its parts', () => {
    const none = { reconstruction: 'none', biasCorrection: 'none' } as const;
    const plain = errorOf('w3a8s8', none);
    const equalized = errorOf('w8a4s8', { ...none, equalization: 'activations' });
    expect(equalized).toBeLessThan(errorOf('w8a4s8', none));
    const corrected = errorOf('w3a8s8', { reconstruction: 'none' });
    const layers = errorOf('w3a8s8', { reconstruction: 'layer', learns: [], learning });
    const blocks = errorOf('w3a8s8', { reconstruction: 'block', learning });
    expect(corrected).toBeLessThan(plain);
    expect(layers).toBeLessThan(corrected * 0.8);
    expect(blocks).toBeLessThan(corrected * 0.8);
  });

  it.each([
    ['per tensor', planFromPreset('w4a4s8')],
    ['per channel', perChannelPlan('w4a4s8')],
  ])('gives a network that lowers to the same integers: steps %s', (_, plan) => {
    const before = tf.memory().numTensors;
    const trained = postTrain(float, params, plan, batches, { learning: { iterations: 20, batchSize: 4 } });
    expect(tf.memory().numTensors).toBe(before);
    expect(trained.regions.map(({ region }) => region)).toEqual([
      'head',
      'body.0.add',
      'body.1.add',
      'body.conv',
      'tail',
    ]);
    const model = lower(trained.graph, trained.params);
    const image = randomImage(5, 18, 14);
    expect(agrees(verify(trained.graph, trained.params, image, (tap) => runModel(model, image, { tap })))).toBe(true);
    for (const { nearest, final } of trained.regions) expect(final).toBeLessThan((nearest as number) * 1.05);
  });

  it('keeps the rounding that it learned: weights lie on their grids', () => {
    const trained = postTrain(float, params, planFromPreset('w4a4s8'), batches, {
      learning: { iterations: 20, batchSize: 4 },
    });
    let moved = 0;
    tf.tidy(() => {
      forward(trained.graph, tf.zeros([1, 2, 2, 3]), {
        params: toTensors(trained.graph, trained.params),
        mode: 'exact',
        onConv: ({ name }, levels) => {
          const logSteps = trained.params.get(`${name}.weight.logStep`) as Float32Array;
          const original = params.get(`${name}.weight`) as Float32Array;
          const stored = trained.params.get(`${name}.weight`) as Float32Array;
          for (const [i, q] of (levels as Features).value.dataSync().entries()) {
            const step = Math.exp(logSteps[i % logSteps.length] as number);
            expect((stored[i] as number) / step).toBeCloseTo(q, 4);
            const r = Math.min(7, Math.max(-7, (original[i] as number) / step));
            expect(Math.abs(q - r)).toBeLessThan(1 + 1e-4);
            if (Math.abs(q - r) > 0.5 + 1e-4) moved++;
          }
        },
      });
    });
    expect(moved).toBeGreaterThan(10);
  });

  it('gives the same bits for the same seed', () => {
    const run = (seed: number) =>
      postTrain(float, params, planFromPreset('w4a4s8'), batches, { learning: { iterations: 8, batchSize: 4, seed } });
    const [first, again, other] = [run(1), run(1), run(2)];
    expect(again).toEqual(first);
    expect(other.params).not.toEqual(first.params);
  });

  it('refuses no batches, and batches of different sizes', () => {
    const plan = planFromPreset('w4a4s8');
    expect(() => postTrain(float, params, plan, [])).toThrow('batches must hold patches of one size, got none');
    const mixed = [randomBatch(1, 2, 8, 1), randomBatch(1, 2, 6, 1)];
    expect(() => postTrain(float, params, plan, mixed)).toThrow('one size, got 8, 6');
  });
});
