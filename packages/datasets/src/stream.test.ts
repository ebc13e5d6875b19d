import { describe, expect, it, vi } from 'vitest';
import { SYMMETRIES } from './augment.js';
import { BrokenImageError } from './error.js';
import { makeImage } from './image.js';
import { batchesFrom, pairsOf } from './iterate.js';
import { makePair } from './pair.js';
import { type Source, shardOf } from './source.js';
import { createPatchStream } from './stream.js';

/** Images whose samples say where they come from: red the image, green the column, blue the row; a high-resolution sample like the low-resolution one it covers. */
function tagged(sizes: readonly number[]): Source {
  const image = (i: number, size: number, step: number) => {
    const data = new Uint8Array(size * size * 3);
    for (let p = 0; p < size * size; p++) {
      data.set([i, Math.floor((p % size) / step), Math.floor(p / size / step)], p * 3);
    }
    return makeImage(size, size, data);
  };
  const nameOf = (i: number) => `tag${i}`;
  return {
    name: 'tagged',
    count: sizes.length,
    nameOf,
    hr: async (i) => image(i, 2 * sizes[i]!, 2),
    pair: vi.fn(async (i: number, scale: number) =>
      makePair(nameOf(i), image(i, sizes[i]! * scale, scale), image(i, sizes[i]!, 1), scale),
    ),
  };
}

const options = { scale: 2, patchSize: 5, batchSize: 4, seed: 3 };

describe('createPatchStream', () => {
  it('is a function of source, options and cursor, in any order', async () => {
    const forward = createPatchStream(tagged(Array(7).fill(9)), options);
    const first = [];
    for (let cursor = 0; cursor < 6; cursor++) first.push(await forward.batch(cursor));
    const backward = createPatchStream(tagged(Array(7).fill(9)), { ...options, cacheBytes: 0 });
    for (let cursor = 5; cursor >= 0; cursor--) expect(await backward.batch(cursor)).toEqual(first[cursor]);
    expect(await forward.batch(2)).toEqual(first[2]);
    const other = createPatchStream(tagged(Array(7).fill(9)), { ...options, seed: 4 });
    expect(await other.batch(0)).not.toEqual(first[0]);
  });

  it('cuts the same region from both images, under the same symmetry', async () => {
    const stream = createPatchStream(tagged([9, 12, 30]), options);
    for (let cursor = 0; cursor < 20; cursor++) {
      const { lr, hr } = await stream.batch(cursor);
      for (let b = 0; b < 4; b++) {
        for (let y = 0; y < 10; y++) {
          for (let x = 0; x < 10; x++) {
            const large = ((b * 10 + y) * 10 + x) * 3;
            const small = ((b * 5 + (y >> 1)) * 5 + (x >> 1)) * 3;
            expect(hr.subarray(large, large + 3)).toEqual(lr.subarray(small, small + 3));
          }
        }
      }
    }
  });

  it('takes every image equally often in an epoch, in an order that changes', async () => {
    const stream = createPatchStream(tagged(Array(8).fill(6)), { ...options, patchesPerImage: 2 });
    expect(stream.batchesPerEpoch).toBe(4);
    const epoch = async (e: number) => {
      const reds: number[] = [];
      for (let n = 0; n < 4; n++) {
        const { lr } = await stream.batch(e * 4 + n);
        for (let b = 0; b < 4; b++) reds.push(lr[b * 75]!);
      }
      return reds;
    };
    const [first, second] = [await epoch(0), await epoch(1)];
    expect([...first].sort()).toEqual([...Array(8).keys()].flatMap((i) => [i, i]));
    expect(first).not.toEqual(second);
  });

  it('uses all places and symmetries', async () => {
    const stream = createPatchStream(tagged([7]), options);
    const corners = new Set<string>();
    for (let cursor = 0; cursor < 200; cursor++) {
      const { lr } = await stream.batch(cursor);
      for (let b = 0; b < 4; b++) corners.add([lr[b * 75 + 1], lr[b * 75 + 2], lr[b * 75 + 4], lr[b * 75 + 5]].join());
    }
    expect(corners.size).toBe(9 * SYMMETRIES);
  });

  it('passes over images that are too small, and says so', async () => {
    const stream = createPatchStream(tagged([4, 9, 3]), options);
    for (let cursor = 0; cursor < 4; cursor++) {
      const { lr } = await stream.batch(cursor);
      for (let b = 0; b < 4; b++) expect(lr[b * 75]).toBe(1);
    }
    expect(
      stream
        .skipped()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['tag0', 'tag2']);
    expect(stream.skipped()[0]?.reason).toBe('smaller than a patch');
    await expect(createPatchStream(tagged([4, 3]), options).batch(0)).rejects.toThrow(/at least 10x10 pixels/);
  });

  it('decodes each image once while it fits the cache', async () => {
    const source = tagged(Array(8).fill(9));
    const stream = createPatchStream(source, options);
    await Promise.all([0, 1, 2, 3, 4, 5].map((cursor) => stream.batch(cursor)));
    expect(source.pair).toHaveBeenCalledTimes(8);
  });

  it('holds no more of 10,000 images than its budget', async () => {
    const whole = tagged(Array(10_000).fill(9));
    let loading = 0;
    let most = 0;
    const source = {
      ...whole,
      pair: async (i: number, scale: number) => {
        most = Math.max(most, ++loading);
        await new Promise((resolve) => setImmediate(resolve));
        loading--;
        return whole.pair(i, scale);
      },
    };
    const stream = createPatchStream(source, { ...options, cacheBytes: 0 });
    for (let cursor = 0; cursor < 50; cursor++) await stream.batch(cursor);
    expect(most).toBeLessThanOrEqual(options.batchSize);
    expect(whole.pair).toHaveBeenCalledTimes(50 * options.batchSize);
  });

  it('passes over broken images, or fails at the first', async () => {
    const whole = tagged(Array(4).fill(9));
    const source = {
      ...whole,
      pair: async (i: number, scale: number) => {
        if (i === 2) throw new BrokenImageError('readImage', 'tag2.png is damaged', 'fetch it again');
        return whole.pair(i, scale);
      },
    };
    const stream = createPatchStream(source, options);
    for (let cursor = 0; cursor < 4; cursor++) {
      const { lr } = await stream.batch(cursor);
      for (let b = 0; b < 4; b++) expect(lr[b * 75]).not.toBe(2);
    }
    expect(stream.skipped()).toEqual([{ name: 'tag2', reason: expect.stringContaining('tag2.png is damaged') }]);
    await expect(createPatchStream(source, { ...options, onBroken: 'throw' }).batch(0)).rejects.toThrow(/damaged/);
    const names: string[] = [];
    const skipped: string[] = [];
    const onSkipped = ({ name }: { name: string }) => skipped.push(name);
    for await (const { name } of pairsOf(source, 2, { onBroken: 'skip', onSkipped })) names.push(name);
    expect([names, skipped]).toEqual([['tag0', 'tag1', 'tag3'], ['tag2']]);
  });

  it('draws from a shard of the source', async () => {
    const source = tagged(Array(7).fill(9));
    const seen = [0, 1, 2].map((index) => {
      const shard = shardOf(source, { index, count: 3 });
      return Array.from({ length: shard.count }, (_, i) => shard.nameOf(i));
    });
    expect(seen).toEqual([
      ['tag0', 'tag3', 'tag6'],
      ['tag1', 'tag4'],
      ['tag2', 'tag5'],
    ]);
    const stream = createPatchStream(source, { ...options, shard: { index: 1, count: 3 } });
    for (let cursor = 0; cursor < 5; cursor++) {
      const { lr } = await stream.batch(cursor);
      for (let b = 0; b < 4; b++) expect([1, 4]).toContain(lr[b * 75]);
    }
    for (const shard of [
      { index: 3, count: 3 },
      { index: 0, count: 0 },
      { index: 7, count: 9 },
    ]) {
      expect(() => shardOf(source, shard)).toThrow(/^\[datasets\] shardOf: index must be/);
    }
  });

  it('refuses bad options and cursors', async () => {
    const source = tagged([9]);
    for (const bad of [{ scale: 0 }, { patchSize: 0 }, { batchSize: 1.5 }, { seed: 0.5 }, { patchesPerImage: 0 }]) {
      expect(() => createPatchStream(source, { ...options, ...bad })).toThrow(/^\[datasets\] createPatchStream/);
    }
    await expect(createPatchStream(source, options).batch(-1)).rejects.toThrow(/cursor must be/);
  });
});

describe('pairsOf', () => {
  it('yields pairs in order up to a limit, one ahead', async () => {
    const source = tagged([4, 5, 6, 7]);
    const names: string[] = [];
    for await (const { name } of pairsOf(source, 2, { limit: 3 })) names.push(name);
    expect(names).toEqual(['tag0', 'tag1', 'tag2']);
    expect(source.pair).toHaveBeenCalledTimes(3);
    for await (const _ of pairsOf(source, 2)) break;
    expect(source.pair).toHaveBeenCalledTimes(5);
  });

  it('reports a failure where it is', async () => {
    const source = { ...tagged([4, 5]), pair: async () => Promise.reject(new Error('damaged')) };
    await expect(pairsOf(source, 2).next()).rejects.toThrow('damaged');
  });
});

describe('batchesFrom', () => {
  it('goes on from a cursor', async () => {
    const stream = createPatchStream(tagged([9, 9, 9]), options);
    const batches = batchesFrom(stream, 5);
    expect((await batches.next()).value).toEqual(await stream.batch(5));
    expect((await batches.next()).value).toEqual(await stream.batch(6));
    await batches.return();
  });
});
