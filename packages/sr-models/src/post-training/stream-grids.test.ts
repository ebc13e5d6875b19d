import { useBackend } from '@fqsr/backends';
import { planFromPreset } from '@fqsr/quant-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { perChannelPlan, randomBatch, tinyEdsr, tinySrresnet } from '../../test/networks.js';
import type { Params } from '../params.js';
import { initParams } from '../passes/init.js';
import { quantizeGraph } from '../passes/quantize.js';
import { calibrateGraph } from './calibrate-graph.js';
import { postTrain } from './post-train.js';
import { shareStreamGrids, streamsOf } from './stream-grids.js';

const float = tinyEdsr({ blocks: 4, features: 6 });
const batches = [0, 1].map((seed) => randomBatch(seed, 2, 10, 4));
const chain = ['body.0.add.skip', 'body.1.add.skip', 'body.2.add.skip', 'body.3.add.skip'];
const stepsOf = (params: Params, key: string) => params.get(`${key}.logStep`);

beforeAll(() => useBackend('wasm'));

describe('streams', () => {
  it('are the adds of residual blocks, one behind the other; the global skip stands alone', () => {
    const keys = streamsOf(quantizeGraph(float, planFromPreset('w8a8s8'))).map((stream) =>
      stream.map(({ key }) => key),
    );
    expect(keys).toEqual([chain]);
  });

  it('are none where there is one block, or skips are in float', () => {
    expect(streamsOf(quantizeGraph(tinyEdsr({ blocks: 1 }), planFromPreset('w8a8s8')))).toEqual([]);
    expect(streamsOf(float)).toEqual([]);
  });

  it('are found in other families', () => {
    const plan = planFromPreset('w8a8s8');
    expect(streamsOf(quantizeGraph(tinySrresnet({ blocks: 2 }), plan)).map(({ length }) => length)).toEqual([2]);
  });
});

it('keeps grids of its own for a stream that grows a hundredfold on its way: none for all comes near', () => {
  const graph = quantizeGraph(float, planFromPreset('w8a8s4'));
  const params = new Map(initParams(float, 3));
  const key = 'body.2.conv2.weight';
  params.set(
    key,
    (params.get(key) as Float32Array).map((weight) => 100 * weight),
  );
  const own = calibrateGraph(graph, params, batches, 'mse');
  expect(shareStreamGrids(graph, own, batches)).toBe(own);
});

describe.each([
  ['a step for the tensor', planFromPreset('w8a8s4'), 1],
  ['a step for each channel', perChannelPlan('w8a8s4'), 6],
])('shared grids with %s', (_title, plan, count) => {
  const graph = quantizeGraph(float, plan);

  it('are alike along the stream, between the grids they come from, and nothing else changes', () => {
    const own = calibrateGraph(graph, initParams(float, 3), batches, 'mse');
    const shared = shareStreamGrids(graph, own, batches);
    const [first, ...others] = chain.map((key) => stepsOf(shared, key));
    expect(first?.length).toBe(count);
    for (const other of others) expect(other).toEqual(first);
    for (const [i, logStep] of (first as Float32Array).entries()) {
      const all = chain.map((key) => stepsOf(own, key)?.[i] as number);
      expect(logStep).toBeGreaterThanOrEqual(Math.min(...all));
      expect(logStep).toBeLessThanOrEqual(Math.max(...all) + Math.log(1.45));
    }
    const changed = [...own.keys()].filter((name) => shared.get(name) !== own.get(name));
    expect(changed).toEqual(chain.map((key) => `${key}.logStep`));
  });

  it('stay what they are through post-training', () => {
    const learning = { iterations: 20, batchSize: 4 };
    const { params } = postTrain(float, initParams(float, 3), plan, batches, { skipGrids: 'stream', learning });
    const [first, ...others] = chain.map((key) => stepsOf(params, key));
    for (const other of others) expect(other).toEqual(first);
  });
});
