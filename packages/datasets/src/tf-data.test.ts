import { expect, it } from 'vitest';
import { openSource } from './sources/registry.js';
import { createPatchStream } from './stream.js';
import { toTfData } from './tf-data.js';

it('gives the batches from a cursor as tensors, again for every iteration', async () => {
  const stream = createPatchStream(await openSource('dead-leaves:2:32'), {
    scale: 2,
    patchSize: 4,
    batchSize: 3,
    seed: 1,
  });
  type Pair = Readonly<Record<'xs' | 'ys', { values: Float32Array; shape: readonly number[] }>>;
  const make = toTfData(
    {
      tensor4d: (values: Float32Array, shape: [number, number, number, number]) => ({ values, shape }),
      data: { generator: (each: () => AsyncGenerator<Pair>) => each },
    },
    stream,
    { from: 5, count: 2 },
  );
  for (let time = 0; time < 2; time++) {
    const pairs: Pair[] = [];
    for await (const pair of make()) pairs.push(pair);
    expect(pairs).toHaveLength(2);
    for (const [i, { xs, ys }] of pairs.entries()) {
      const { lr, hr } = await stream.batch(5 + i);
      expect([xs.shape, ys.shape]).toEqual([
        [3, 4, 4, 3],
        [3, 8, 8, 3],
      ]);
      expect([xs.values, ys.values]).toEqual([lr, hr]);
    }
  }
});
