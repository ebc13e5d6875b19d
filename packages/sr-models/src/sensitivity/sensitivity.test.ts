import { useBackend } from '@fqsr/backends';
import { makePlan } from '@fqsr/quant-core/spec';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomImage, randomNumbers, tinyEdsr } from '../../test/networks.js';
import { ModelError } from '../error.js';
import type { Params } from '../params.js';
import { cost } from '../passes/cost.js';
import { initParams } from '../passes/init.js';
import { quantizeGraph } from '../passes/quantize.js';
import { type Bench, createBench, type ImageBatch } from './bench.js';
import { parseBudget } from './budget.js';
import { measureSensitivity, proposePlan, type Sensitivity } from './sensitivity.js';

const graph = tinyEdsr({ blocks: 3, features: 8, upsampler: 'shuffle' });

/** Random weights of layers that matter unequally: the second block hardly adds anything, the third much. */
function unequal(): Params {
  const random = randomNumbers(8);
  return new Map(
    [...initParams(graph, 4)].map(([name, values]) => {
      const gain = name.startsWith('body.1.') ? 0.05 : name.startsWith('body.2.') ? 4 : 1;
      return [name, values.map((value) => value * gain + (name.endsWith('.bias') ? random() - 0.5 : 0))];
    }),
  );
}

const [height, width] = [14, 18];
const batch: ImageBatch = {
  images: 2,
  height,
  width,
  data: Float32Array.from([1, 2].flatMap((seed) => [...randomImage(seed, width, height).data])),
};
const widths = [2, 3, 4, 6, 8];

let bench: Bench;
let sensitivities: readonly Sensitivity[];
let tensorsBefore: number;
beforeAll(async () => {
  await useBackend('wasm');
  tensorsBefore = tf.memory().numTensors;
  bench = createBench(graph, unequal(), batch, widths, 'mse');
  sensitivities = measureSensitivity(bench);
});
afterAll(() => {
  bench.dispose();
  expect(tf.memory().numTensors).toBe(tensorsBefore);
});

describe('the sweep', () => {
  it('measures every quantizer once, but for the image’s', () => {
    const names = sensitivities.map(({ role, node }) => `${role} ${node}`);
    expect(new Set(names).size).toBe(names.length);
    // Ten convolutions: head, six of blocks, body, upsampler, tail. The head reads the image.
    expect(names.filter((name) => name.startsWith('weights'))).toHaveLength(10);
    expect(names.filter((name) => name.startsWith('activations'))).toHaveLength(9);
    expect(names.filter((name) => name.startsWith('skips'))).toHaveLength(4);
    expect(names).not.toContain('activations head');
  });

  it('gives losses that never fall with fewer bits, and tells important layers from others', () => {
    for (const { losses } of sensitivities) {
      expect(losses.at(-1)).toBe(0);
      for (const [i, loss] of losses.entries()) expect(loss).toBeGreaterThanOrEqual(losses[i + 1] ?? 0);
    }
    const lossOf = (node: string) =>
      sensitivities.find((own) => own.node === node && own.role === 'weights')?.losses[0] ?? 0;
    expect(lossOf('body.2.conv2')).toBeGreaterThan(20 * lossOf('body.1.conv2'));
  });

  it('measures a mix as its own plan runs', () => {
    const eight = bench.mse(() => 8);
    expect(bench.mse(({ node }) => (node === 'body.2.conv2' ? 2 : 8))).toBeGreaterThan(eight);
    expect(bench.mse(() => 2)).toBeGreaterThan(bench.mse(() => 4));
    expect(bench.mse(() => 4)).toBeGreaterThan(eight);
  });

  it('is the same each time', () => {
    expect(measureSensitivity(bench)).toEqual(sensitivities);
  });
});

describe.each(['40%bitops', '25%bitops', '60%bytes'])('a plan for %s', (text) => {
  it('keeps the budget, is no worse than any uniform plan, and survives JSON', () => {
    const budget = parseBudget(text, graph);
    const { plan, cost: costs, mse, uniform, by } = proposePlan(graph, bench, sensitivities, budget, 'mixed');
    const quantized = quantizeGraph(graph, makePlan(JSON.parse(JSON.stringify(plan))));
    expect(cost(quantized)[budget.of]).toBe(costs);
    expect(costs).toBeLessThanOrEqual(budget.limit);
    expect(uniform?.cost).toBeLessThanOrEqual(budget.limit);
    expect(by).toBe('knapsack');
    expect(mse).toBeLessThan(uniform?.mse ?? 0);
    expect(proposePlan(graph, bench, sensitivities, budget, 'mixed').plan).toEqual(plan);
  });
});

it('a uniform plan of the very cost is worse: w4a4s8 against the mix of as many BitOPs', () => {
  const limit = cost(quantizeGraph(graph, makePlan({ ...planAt(4), name: 'equal' }))).bitOpsPerPixel;
  const {
    mse,
    uniform,
    cost: costs,
  } = proposePlan(graph, bench, sensitivities, { of: 'bitOpsPerPixel', limit }, 'mixed');
  expect(costs).toBeLessThanOrEqual(limit);
  expect(uniform?.cost).toBeLessThanOrEqual(limit);
  expect(mse).toBeLessThan(bench.mse(({ role }) => (role === 'skips' ? 8 : 4)));
});

function planAt(bits: number) {
  return {
    name: 'uniform',
    roles: {
      weights: { bits, signed: true, narrow: true, granularity: 'channel' },
      activations: { bits, signed: 'auto' },
      skips: { bits: 8, signed: 'auto' },
      outputs: { bits: 8, signed: false, quantizer: 'fixed' },
    },
    overrides: [],
  } as const;
}

describe('refusals', () => {
  it('of budgets that are none, or too small', () => {
    for (const text of ['60%', '60 bitops', '-5%bytes', '0kB', 'many'])
      expect(() => parseBudget(text, graph)).toThrow(ModelError);
    expect(parseBudget('300kB', graph)).toEqual({ of: 'modelBytes', limit: 300_000 });
    expect(() => proposePlan(graph, bench, sensitivities, { of: 'modelBytes', limit: 100 }, 'x')).toThrow(
      /budget must be at least \d+ \(modelBytes\), which the smallest widths cost, got 100/,
    );
  });

  it('of widths without 8', () => {
    expect(() => createBench(graph, unequal(), batch, [2, 4], 'mse')).toThrow('with 8 among them');
  });
});
