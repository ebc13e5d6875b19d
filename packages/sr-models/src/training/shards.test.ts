import { useBackend } from '@fqsr/backends';
import { planFromPreset } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomBatch } from '../../test/networks.js';
import { pooledStatistics } from '../batch-statistics.js';
import { graphOf } from '../checkpoint.js';
import type { Graph } from '../graph.js';
import { modelByName } from '../models/registry.js';
import { initParams } from '../passes/init.js';
import { startState, Trainer, type TrainerOptions, trainerDefaults } from '../train-step.js';
import { cutBatch, type ShardNotes, type ShardRunner, type StepShard, shardFunction } from './shards.js';

beforeAll(() => useBackend('wasm'));

const options: TrainerOptions = { ...trainerDefaults, warmupSteps: 2, quantizationLoss: 0.1 };
const graphFor = (name: string, plan: string | null) =>
  graphOf({ model: modelByName(name, 2), plan: plan === null ? null : planFromPreset(plan) });
const startOf = (graph: Graph, name: string) => startState(graph, initParams(graphFor(name, null), 1));

/** Adds up in this thread. Shards are cloned, as on their way to another thread. */
function runnerOf(graph: Graph, own: TrainerOptions = options): ShardRunner {
  const work = shardFunction(graph, own);
  return {
    run: async (theta, shards) => {
      const sum = new Float64Array(theta.length);
      const extras: ShardNotes[] = [];
      let loss = 0;
      for (const shard of shards) {
        const part = work(theta, structuredClone(shard));
        part.gradient.forEach((value, i) => {
          sum[i] = (sum[i] as number) + value;
        });
        loss += part.loss;
        extras.push(structuredClone(part.extra));
      }
      return { loss, gradient: new Float32Array(sum), extras };
    },
  };
}

describe('cutBatch', () => {
  it('covers the batch in order, in parts of equal sizes but for one image', () => {
    const batch = randomBatch(1, 2, 8, 5);
    const parts = cutBatch(batch, 3);
    expect(parts.map(({ batchSize }) => batchSize)).toEqual([2, 2, 1]);
    expect(parts.flatMap(({ lr }) => [...lr])).toEqual([...batch.lr]);
    expect(parts.flatMap(({ hr }) => [...hr])).toEqual([...batch.hr]);
    expect(cutBatch(batch, 9).map(({ batchSize }) => batchSize)).toEqual([1, 1, 1, 1, 1]);
  });
});

describe.each([
  ['edsr-f4b1', null],
  ['edsr-f4b1', 'w4a4s8'],
  ['srgan-f4b1-nobn', 'w8a8s8'],
] as const)('%s, %s, by shards', (name, plan) => {
  const graph = graphFor(name, plan);

  it('a single shard gives the bits of a whole batch', async () => {
    using whole = new Trainer(graph, startOf(graph, name), options);
    using sharded = new Trainer(graph, startOf(graph, name), options);
    const runner = runnerOf(graph);
    for (let step = 0; step < 4; step++) {
      const batch = randomBatch(step, 2, 8, 3);
      expect(await sharded.stepByShards(batch, 1e-3, runner, 1)).toBe(whole.step(batch, 1e-3));
    }
    expect(sharded.state()).toEqual(whole.state());
    expect(sharded.terms).toEqual(whole.terms);
  });

  it('several shards, of unequal sizes, give the same step but for rounding', async () => {
    const gradients: Float32Array[] = [];
    const runner = runnerOf(graph);
    const watched: ShardRunner = {
      run: async (theta, shards) => {
        const result = await runner.run(theta, shards);
        gradients.push(result.gradient);
        return result;
      },
    };
    const losses: number[][] = [];
    for (const count of [1, 2, 3]) {
      using trainer = new Trainer(graph, startOf(graph, name), options);
      // In float, under the observers, then quantized.
      const batch = randomBatch(7, 2, 8, 3);
      losses.push([await trainer.stepByShards(batch, 0, watched, count)]);
      await trainer.stepByShards(randomBatch(8, 2, 8, 3), 0, watched, count);
      losses.at(-1)?.push(await trainer.stepByShards(batch, 0, watched, count));
      expect(Object.keys(trainer.terms)).toEqual(['l1']);
    }
    const [one, two, three] = losses.map(([float]) => float as number);
    expect(two).toBeCloseTo(one as number, 4);
    expect(three).toBeCloseTo(one as number, 4);
    const first = gradients[0] as Float32Array;
    const size = Math.hypot(...first);
    expect(size).toBeGreaterThan(0.1);
    for (const other of [gradients[3], gradients[6]]) {
      expect(Math.hypot(...first.map((value, i) => value - (other?.[i] as number)))).toBeLessThan(1e-4 * size);
    }
  });
});

describe('batch normalisation', () => {
  it('moves its running statistics by those of all shards together', async () => {
    const graph = graphFor('srresnet-f4b1', null);
    const statistics = async (count: number) => {
      using trainer = new Trainer(graph, startOf(graph, 'srresnet-f4b1'), options);
      await trainer.stepByShards(randomBatch(1, 2, 8, 4), 0, runnerOf(graph), count);
      // The first normalisation: what comes before it has seen no other.
      const name = [...trainer.params().keys()].find((key) => key.endsWith('.mean')) as string;
      return ['mean', 'variance'].map((part) => trainer.params().get(name.replace(/mean$/, part)) as Float32Array);
    };
    const [whole, cut] = [await statistics(1), await statistics(2)];
    for (const [part, values] of whole.entries()) {
      values.forEach((value, c) => {
        expect(cut[part]?.[c]).toBeCloseTo(value, 3);
      });
    }
  });

  it('pools means and unbiased variances as if all values were one part', () => {
    const values = [1, 4, -2, 8, 0.5, 3, 3];
    const of = (part: readonly number[]) => {
      const mean = part.reduce((a, b) => a + b, 0) / part.length;
      const squares = part.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      const variance = part.length > 1 ? squares / (part.length - 1) : 0;
      return [
        { name: 'bn', mean: Float32Array.of(mean), variance: Float32Array.of(variance), count: part.length },
      ] as const;
    };
    const [pooled] = pooledStatistics([of(values.slice(0, 4)), of(values.slice(4, 6)), of(values.slice(6))]);
    const [whole] = of(values);
    expect(pooled?.count).toBe(7);
    expect(pooled?.mean[0]).toBeCloseTo(whole.mean[0] as number, 6);
    expect(pooled?.variance[0]).toBeCloseTo(whole.variance[0] as number, 5);
  });
});

describe('what goes wrong', () => {
  const graph = graphFor('edsr-f4b1', 'w4a4s8');

  it('a runner that fails changes nothing and leaves no tensors', async () => {
    using trainer = new Trainer(graph, startOf(graph, 'edsr-f4b1'), options);
    const before = trainer.state();
    const tensors = tf.memory().numTensors;
    const broken: ShardRunner = { run: () => Promise.reject(new Error('a worker ended')) };
    await expect(trainer.stepByShards(randomBatch(1, 2, 8, 2), 1e-3, broken, 2)).rejects.toThrow('a worker ended');
    const silent: ShardRunner = { run: async (theta) => ({ loss: 0, gradient: theta, extras: [undefined] }) };
    await expect(trainer.stepByShards(randomBatch(1, 2, 8, 2), 1e-3, silent, 2)).rejects.toThrow(
      '[sr-models] Trainer.stepByShards: the runner must give notes of every shard, got none (use shardFunction)',
    );
    expect(trainer.state()).toEqual(before);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('what is not finite is named', async () => {
    using trainer = new Trainer(graph, startOf(graph, 'edsr-f4b1'), options);
    const batch = randomBatch(1, 2, 8, 2);
    const bad = { ...batch, hr: batch.hr.map((value, i) => (i === 0 ? Number.NaN : value)) };
    await expect(trainer.stepByShards(bad, 1e-3, runnerOf(graph), 2)).rejects.toThrow(
      'loss must stay finite, got NaN; no node of the network has it, so it comes from the loss at step 0',
    );
    expect(trainer.steps).toBe(0);
  });

  it('shards are plain data', async () => {
    const seen: StepShard[] = [];
    const runner = runnerOf(graph);
    const watched: ShardRunner = {
      run: (theta, shards) => {
        seen.push(...shards);
        return runner.run(theta, shards);
      },
    };
    using trainer = new Trainer(graph, startOf(graph, 'edsr-f4b1'), options);
    await trainer.stepByShards(randomBatch(1, 2, 8, 3), 1e-3, watched, 2);
    expect(seen.map(({ weight }) => weight)).toEqual([2 / 3, 1 / 3]);
    // No view brings the whole batch to every thread.
    for (const { batch } of seen) expect(batch.lr.buffer.byteLength).toBe(batch.lr.byteLength);
    expect(structuredClone(seen)).toEqual(seen);
  });
});
