import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openGradientPool, type ShardFunction, serveShards } from '../src/pool.js';

const built = existsSync(fileURLToPath(new URL('../dist/pool.js', import.meta.url)));
if (!built) process.stderr.write('skipped: gradients on several threads, since dist/pool.js is not built\n');

interface Shard {
  readonly images: number;
  readonly size: number;
  readonly seed: number;
  readonly weight: number;
}
const worker = new URL('./pool-shards.mjs', import.meta.url);
const theta = Float32Array.from({ length: 576 }, (_, at) => Math.sin(at) / 10);
const shards: Shard[] = [1, 2, 3, 4, 5].map((seed) => ({ images: 1, size: 9, seed, weight: 0.2 }));
const localOf = async () => {
  const { makeShardFunction } = (await import('./shards.mjs' as string)) as {
    makeShardFunction: () => Promise<ShardFunction<Shard>>;
  };
  return makeShardFunction();
};
/** A local function that needs no backend, for what goes wrong elsewhere. */
const zero: ShardFunction<Shard> = (values) => ({ loss: 0, gradient: new Float32Array(values.length) });

describe('in the calling thread', () => {
  const square: ShardFunction<number> = (values, shard) => ({
    loss: shard,
    gradient: Float32Array.from(values, (value) => value * shard),
  });
  test('losses and gradients are added', async () => {
    using pool = await openGradientPool({ threads: 1, local: square, worker, data: null });
    expect([pool.threads, pool.why]).toEqual([1, 'one thread was asked for']);
    const { loss, gradient } = await pool.run(Float32Array.of(1, -2), [1, 2, 3]);
    expect([loss, ...gradient]).toEqual([6, 6, -12]);
    expect(await pool.run(Float32Array.of(1), [])).toEqual({ loss: 0, gradient: Float32Array.of(0), extras: [] });
  });
  test('a gradient may be written to the memory that is given, the same at every step', async () => {
    const given = new Set<Float32Array | undefined>();
    const writes: ShardFunction<number> = (values, shard, into = new Float32Array(values.length)) => {
      given.add(into);
      values.forEach((value, at) => {
        into[at] = value * shard;
      });
      return { loss: shard, gradient: into };
    };
    using pool = await openGradientPool({ threads: 1, local: writes, worker, data: null });
    for (const factor of [1, 2]) {
      const { gradient } = await pool.run(Float32Array.of(factor, -2 * factor), [1, 2, 3]);
      expect([...gradient]).toEqual([6 * factor, -12 * factor]);
    }
    expect(given.size).toBe(3);
    const { gradient } = await pool.run(Float32Array.of(1, -2), [1, 2]);
    const again = await pool.run(gradient, [1, 1]);
    expect([...again.gradient]).toEqual([6, -12]);
  });
  test('wrong numbers of threads, wrong gradients and disposed pools are refused', async () => {
    for (const threads of [0, 1.5, 257]) {
      await expect(openGradientPool({ threads, local: zero, worker, data: null })).rejects.toThrow(
        `[backends] openGradientPool: threads must be from 1 to 256, got ${threads}`,
      );
    }
    const pool = await openGradientPool({ threads: 1, local: square, worker, data: null });
    using short = await openGradientPool<number>({
      ...{ threads: 1, worker, data: null },
      local: () => ({ loss: 0, gradient: new Float32Array(1) }),
    });
    await expect(short.run(Float32Array.of(1, 2), [1])).rejects.toThrow('gradients must have 2 values, got 1');
    pool.dispose();
    await expect(pool.run(Float32Array.of(1), [1])).rejects.toThrow('the pool must be open, but it is disposed');
    await expect(serveShards(async () => zero)).rejects.toThrow('it must be called in a worker');
  });
});

describe.skipIf(!built)('on several threads', () => {
  test('the bits are those of one thread, step after step', async () => {
    const local = await localOf();
    using alone = await openGradientPool({ threads: 1, local, worker, data: {} });
    const first = await alone.run(theta, shards);
    const second = await alone.run(first.gradient, shards);
    expect(first.loss).toBeGreaterThan(0.5);
    expect(first.gradient.some((value) => value !== 0)).toBe(true);
    for (const threads of [2, 3]) {
      using pool = await openGradientPool({ threads, local, worker, data: {} });
      expect(pool.threads).toBe(threads);
      expect(await pool.run(theta, shards)).toEqual(first);
      expect(await pool.run(first.gradient, shards)).toEqual(second);
    }
  });
  test('gradients that workers write to shared memory have the bits of those that they hand over', async () => {
    const local = await localOf();
    using alone = await openGradientPool({ threads: 1, local, worker, data: {} });
    const first = (await alone.run(theta, shards)).gradient.slice();
    const writes: ShardFunction<Shard> = async (values, shard, into) => {
      const { gradient, ...rest } = await local(values, shard);
      into?.set(gradient);
      return { ...rest, gradient: into ?? gradient };
    };
    using pool = await openGradientPool({ threads: 2, local: writes, worker, data: { writes: true } });
    const seen = [];
    for (let step = 0; step < 3; step++) {
      const { gradient } = await pool.run(theta, shards);
      expect(gradient).toEqual(first);
      seen.push(gradient);
    }
    expect(new Set(seen).size).toBe(1);
  });
  test('a shard that throws in a worker fails the call alone', async () => {
    using pool = await openGradientPool({ threads: 2, local: zero, worker, data: { fault: 'throw' } });
    await expect(pool.run(theta, shards)).rejects.toThrow('in a worker it did: out of luck');
    await expect(pool.run(theta, shards)).rejects.toThrow('in a worker it did: out of luck');
    expect((await pool.run(theta, shards.slice(0, 1))).loss).toBe(0);
  });
  test.each([
    ['exit', 'one ended with code 3'],
    ['start', 'one failed: no network here'],
  ])('a worker that ends (%s) ends the pool with a clear error', async (fault, reason) => {
    using pool = await openGradientPool({ threads: 2, local: zero, worker, data: { fault } });
    await expect(pool.run(theta, shards)).rejects.toThrow(reason);
    await expect(pool.run(theta, shards)).rejects.toThrow('open another pool');
  });
});
