import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRecipe } from './degradations/open.js';
import { encodePng } from './encode.js';
import { batchesFrom } from './iterate.js';
import { openPatchStream } from './prefetch.js';
import { openSource } from './sources/registry.js';
import { createPatchStream } from './stream.js';

const built = existsSync(fileURLToPath(new URL('../dist/prefetch-worker.js', import.meta.url)));
if (!built) process.stderr.write('skipped: prefetch on worker threads, since dist/prefetch-worker.js is not built\n');

const options = { scale: 2, patchSize: 8, batchSize: 3, seed: 5, patchesPerImage: 2 };
const spec = 'dead-leaves:7:48';
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'datasets-prefetch-'));
  const source = await openSource('dead-leaves:3:48');
  for (let i = 0; i < 3; i++) await writeFile(join(folder, `good${i}.png`), await encodePng(await source.hr(i)));
  await writeFile(join(folder, 'broken.png'), (await encodePng(await source.hr(0))).subarray(0, 900));
});
afterAll(() => rm(folder, { recursive: true }));

describe.skipIf(!built)('openPatchStream', () => {
  it('gives the same batches with 0, 1 and 2 workers, in any order', async () => {
    const truth = createPatchStream(await openSource(spec), options);
    for (const workers of [0, 1, 2]) {
      const stream = await openPatchStream(spec, { ...options, workers });
      expect(stream.batchesPerEpoch).toBe(truth.batchesPerEpoch);
      for (const cursor of [0, 1, 2, 3, 9, 4, 5, 100, 0]) {
        expect(await stream.batch(cursor)).toEqual(await truth.batch(cursor));
      }
      const together = await Promise.all([20, 3, 21, 3].map((cursor) => stream.batch(cursor)));
      for (const [i, cursor] of [20, 3, 21, 3].entries()) expect(together[i]).toEqual(await truth.batch(cursor));
      stream.dispose();
    }
  });

  it('gives the same degraded batches with and without workers, and after a resume', async () => {
    const degraded = { ...options, degradation: await openRecipe('bsrgan-style') };
    const truth = createPatchStream(await openSource(spec), { ...degraded, cacheBytes: 0 });
    const plain = createPatchStream(await openSource(spec), options);
    for (const workers of [0, 2]) {
      using stream = await openPatchStream(spec, { ...degraded, workers });
      for (const cursor of [3, 4, 11]) {
        const batch = await stream.batch(cursor);
        expect(batch).toEqual(await truth.batch(cursor));
        expect(batch.hr).toEqual((await plain.batch(cursor)).hr);
        expect(batch.lr).not.toEqual((await plain.batch(cursor)).lr);
      }
    }
  });

  it('goes on from a cursor', async () => {
    const truth = createPatchStream(await openSource(spec), options);
    using stream = await openPatchStream(spec, options);
    let cursor = 11;
    for await (const batch of batchesFrom(stream, cursor)) {
      expect(batch).toEqual(await truth.batch(cursor));
      if (++cursor === 16) break;
    }
  });

  it('reports a broken image and passes over it, or fails', async () => {
    using stream = await openPatchStream(folder, options);
    for (let cursor = 0; cursor < 4; cursor++) await stream.batch(cursor);
    expect(stream.skipped()).toEqual([{ name: 'broken', reason: expect.stringMatching(/broken\.png is damaged/) }]);
    using strict = await openPatchStream(folder, { ...options, onBroken: 'throw' });
    const batches = async () => {
      for (let cursor = 0; cursor < 4; cursor++) await strict.batch(cursor);
    };
    await expect(batches()).rejects.toThrow(/^\[datasets\] readImage: .*broken\.png is damaged/);
  });

  it('ends with an error when its workers end', async () => {
    const stream = await openPatchStream(spec, options);
    const waiting = stream.batch(0);
    stream.dispose();
    await expect(waiting).rejects.toThrow(/the stream is disposed/);
    await expect(stream.batch(1)).rejects.toThrow(/the stream is disposed/);
    const gone = await mkdtemp(join(tmpdir(), 'datasets-gone-'));
    await writeFile(join(gone, 'a.png'), await encodePng(await (await openSource(spec)).hr(0)));
    const lost = openPatchStream(gone, options);
    const stream2 = await lost;
    await rm(gone, { recursive: true });
    await expect(stream2.batch(0)).rejects.toThrow(/^\[datasets\] \w+: .*(a worker ended|does not exist)/);
    stream2.dispose();
  });

  it.each([
    [
      'throws',
      "throw new Error('out of luck')",
      /a worker ended while it read photo7: out of luck \(try workers: 0\)$/,
    ],
    ['leaves', 'process.exit(3)', /a worker ended while it read photo7: it left with code 3 \(try workers: 0\)$/],
  ])('names the image at which a worker %s', async (_title, crash, message) => {
    const script = `
      import { parentPort } from 'node:worker_threads';
      parentPort.on('message', () => {
        for (const done of [false, true]) parentPort.postMessage({ reading: 'photo6', done });
        parentPort.postMessage({ reading: 'photo7', done: false });
        setTimeout(() => { ${crash}; }, 20);
      });`;
    const startWorker = () => new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`));
    using stream = await openPatchStream(spec, { ...options, startWorker });
    const [first, second] = [stream.batch(0), stream.batch(1)];
    await expect(first).rejects.toThrow(message);
    await expect(second).rejects.toThrow(message);
    await expect(stream.batch(2)).rejects.toThrow(message);
  });

  it('hears from the worker what it reads', async () => {
    const heard: string[] = [];
    const startWorker = (workerData: object) => {
      const path = fileURLToPath(new URL('../dist/prefetch-worker.js', import.meta.url));
      const worker = new Worker(path, { workerData });
      worker.on('message', (message: object) => {
        if ('reading' in message) heard.push(JSON.stringify(message));
      });
      return worker;
    };
    using stream = await openPatchStream('dead-leaves:1:48', { ...options, ahead: 0, startWorker });
    await stream.batch(0);
    expect(heard).toEqual([
      '{"reading":"dead-leaves-0000","done":false}',
      '{"reading":"dead-leaves-0000","done":true}',
    ]);
  });

  it('refuses bad options', async () => {
    await expect(openPatchStream(spec, { ...options, workers: -1 })).rejects.toThrow(/workers must be an integer/);
    await expect(openPatchStream('nowhere', options)).rejects.toThrow(/openSource/);
    using stream = await openPatchStream(spec, options);
    await expect(stream.batch(-1)).rejects.toThrow(/cursor must be/);
    await expect((await openPatchStream(spec, { ...options, patchSize: 100 })).batch(0)).rejects.toThrow(
      /^\[datasets\] batch: dead-leaves must have an image of at least 200x200/,
    );
  });
});
