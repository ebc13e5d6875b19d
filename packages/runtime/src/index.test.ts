import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { edsr, randomImage } from '../test/models.js';
import { type Image, load, RuntimeError, runModel, serializeModel, type UpscaleOptions } from './index.js';

const model = edsr({ features: 6, blocks: 1 });
const bytes = serializeModel(model);
const small = randomImage(1, 9, 7);

describe('load', () => {
  it('takes bytes, and upscales as runModel does', async () => {
    using upscaler = await load(bytes, { backend: 'reference' });
    expect(upscaler.model).toEqual(model);
    expect(await upscaler.upscale(small)).toEqual(runModel(model, small));
  });

  it('takes paths, file: and data: URLs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fqsr-'));
    const path = join(folder, 'model.fqsr');
    await writeFile(path, bytes);
    const data = `data:application/octet-stream;base64,${Buffer.from(bytes).toString('base64')}`;
    for (const source of [path, pathToFileURL(path), pathToFileURL(path).href, data, new URL(data)]) {
      expect((await load(source)).model.name).toBe(model.name);
    }
    await expect(load(join(folder, 'nope.fqsr'))).rejects.toThrow(
      '[runtime] load: source must be readable, got ENOENT',
    );
    await rm(folder, { recursive: true });
  });

  it('refuses other sources, damaged files and unknown backends', async () => {
    await expect(load(undefined as never)).rejects.toThrow(
      'source must be a Uint8Array, a URL or a string, got nothing',
    );
    await expect(load(new Uint8Array(3))).rejects.toThrow('parseModel');
    await expect(load(bytes, { backend: 'toString' as never })).rejects.toThrow(
      'backend must be one of auto, reference, wasm',
    );
  });
});

describe('upscale', () => {
  it('runs several images at a time, none of them changed', async () => {
    const upscaler = await load(bytes);
    const images = [randomImage(2, 150, 100), randomImage(3, 90, 160), small];
    const copies = structuredClone(images);
    const results = await Promise.all(images.map((image) => upscaler.upscale(image)));
    expect(results).toEqual(images.map((image) => runModel(model, image)));
    expect(images).toEqual(copies);
  });

  const big = randomImage(4, 400, 300);

  it('reports rising progress up to the total, and lets timers run', async () => {
    const upscaler = await load(bytes);
    const calls: [number, number][] = [];
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await upscaler.upscale(big, { onProgress: (done, total) => calls.push([done, total]) });
    clearInterval(timer);
    const total = calls.at(-1)?.[1];
    expect(calls.at(-1)?.[0]).toBe(total);
    expect(calls.every(([done, all], i) => all === total && done > (calls[i - 1]?.[0] ?? 0))).toBe(true);
    expect(calls.length).toBeGreaterThan(1);
    expect(ticks).toBeGreaterThan(0);
  });

  it('stops when aborted, before and in the middle', async () => {
    const upscaler = await load(bytes);
    const reason = new Error('enough');
    await expect(upscaler.upscale(small, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const stop = new AbortController();
    const options: UpscaleOptions = { signal: stop.signal, onProgress: () => stop.abort(reason) };
    await expect(upscaler.upscale(big, options)).rejects.toBe(reason);
    expect(await upscaler.upscale(small)).toEqual(runModel(model, small));
  });

  it('ends with the upscaler', async () => {
    const upscaler = await load(bytes);
    const running = upscaler.upscale(big, { onProgress: () => upscaler.dispose() });
    await expect(running).rejects.toThrow('upscaler must be in use, got a disposed one');
    upscaler.dispose();
    await expect(upscaler.upscale(small)).rejects.toThrow(RuntimeError);
  });

  it.each<[string, unknown]>([
    ['image must be { width, height, channels, data }, got null', null],
    ['image.width must be an integer of 1 or more, got 0', { ...small, width: 0 }],
    ['image.height must be an integer of 1 or more, got 1.5', { ...small, height: 1.5 }],
    ['image.height must be an integer of 1 or more, got nothing', { ...small, height: undefined }],
    ['image.data must be a Uint8Array or Uint8ClampedArray, got "object"', { ...small, data: [1, 2, 3] }],
    ['image.data must be 189 bytes long (9 x 7 x 3), got 188', { ...small, data: small.data.subarray(1) }],
  ])('refuses: %s', async (reason, image) => {
    const upscaler = await load(bytes);
    await expect(upscaler.upscale(image as Image)).rejects.toThrow(`[runtime] upscale: ${reason}`);
    expect(() => runModel(model, image as Image)).toThrow(`[runtime] runModel: ${reason}`);
  });

  it('refuses other channels', async () => {
    const upscaler = await load(bytes);
    await expect(upscaler.upscale({ ...small, channels: 2 } as never)).rejects.toThrow(
      'image.channels must be 3 or 4, got 2 (convert the image to RGB or RGBA)',
    );
    expect(() => runModel(model, { ...small, channels: 4 } as never)).toThrow('image.channels must be 3, got 4');
  });

  it('gives clamped arrays for clamped arrays, and keeps colours apart from alpha', async () => {
    using upscaler = await load(bytes);
    const { data } = small;
    const alpha = Uint8Array.from({ length: 63 }, (_, i) => (i < 30 ? 255 : i * 3));
    const rgba = Uint8ClampedArray.from({ length: 252 }, (_, i) =>
      i % 4 === 3 ? (alpha[i >> 2] as number) : (data[3 * (i >> 2) + (i % 4)] as number),
    );
    const result = await upscaler.upscale({ width: 9, height: 7, channels: 4, data: rgba });
    expect(result.data).toBeInstanceOf(Uint8ClampedArray);
    expect(result).toMatchObject({ width: 18, height: 14, channels: 4 });
    expect(result.data.filter((_, i) => i % 4 < 3)).toEqual(Uint8ClampedArray.from(runModel(model, small).data));
    const rows: number[] = [];
    for await (const strip of upscaler.upscaleRows({ width: 9, height: 7, channels: 4, data: [rgba] })) {
      rows.push(...strip.data);
    }
    expect(rows).toEqual([...result.data]);
  });
});

describe('upscaleRows', () => {
  const image = randomImage(5, 61, 47);
  const wanted = runModel(model, image);

  async function* inPieces(data: Uint8Array, length: number) {
    for (let at = 0; at < data.length; at += length) yield data.subarray(at, at + length);
  }

  it.each(['wasm', 'reference'] as const)('gives on %s, in strips and tiles, what upscale gives', async (backend) => {
    for (const memoryBytes of [0, 100_000, 2 ** 28]) {
      using upscaler = await load(bytes, { backend, memoryBytes });
      for (const source of [image, { ...image, data: inPieces(image.data, 1000) }]) {
        const calls: [number, number][] = [];
        const data: number[] = [];
        const onProgress = (done: number, total: number) => void calls.push([done, total]);
        for await (const strip of upscaler.upscaleRows(source, { onProgress })) {
          expect(strip).toMatchObject({ y: data.length / 122 / 3, width: 122, channels: 3 });
          data.push(...strip.data);
        }
        expect(data).toEqual([...wanted.data]);
        expect(calls.at(-1)?.[0]).toBe(calls.at(-1)?.[1]);
      }
      expect(await upscaler.upscale(image)).toEqual(wanted);
    }
  });

  it('ends a source and lets the next image run when it is left, aborted or fails', async () => {
    using upscaler = await load(bytes, { memoryBytes: 0 });
    const ended: string[] = [];
    async function* source(name: string, pieces: AsyncIterable<Uint8Array>) {
      try {
        yield* pieces;
      } finally {
        ended.push(name);
      }
    }
    const rows = (name: string, pieces: AsyncIterable<Uint8Array> = inPieces(image.data, 183)) => ({
      ...image,
      data: source(name, pieces),
    });
    for await (const { y } of upscaler.upscaleRows(rows('left'))) if (y === 0) break;
    const stop = new AbortController();
    const aborted = upscaler.upscaleRows(rows('aborted'), { signal: stop.signal });
    await aborted.next();
    stop.abort(new Error('enough'));
    await expect(aborted.next()).rejects.toThrow('enough');
    const fails = async (name: string, pieces: AsyncIterable<Uint8Array>) => {
      for await (const strip of upscaler.upscaleRows(rows(name, pieces))) expect(strip.y).toBeLessThan(94);
    };
    await expect(fails('short', inPieces(image.data.subarray(9), 500))).rejects.toThrow(
      '[runtime] upscaleRows: image.data must give 8601 bytes (61 x 47 x 3), got 8592',
    );
    await expect(fails('long', inPieces(new Uint8Array(9000), 500))).rejects.toThrow('got more');
    async function* broken() {
      yield image.data.subarray(0, 700);
      throw new Error('disk');
    }
    await expect(fails('broken', broken())).rejects.toThrow('disk');
    expect(ended).toEqual(['left', 'aborted', 'short', 'long', 'broken']);
    expect(await upscaler.upscale(image)).toEqual(wanted);
  });
});

describe('where it runs', () => {
  it('is here where there is no page, and workers that do not start are refused by name', async () => {
    expect(await load(bytes)).toMatchObject({ where: 'here', why: 'this is no page' });
    expect(await load(bytes, { worker: false })).toMatchObject({ where: 'here', why: 'worker is false' });
    await expect(load(bytes, { worker: true })).rejects.toThrow(
      '[runtime] load: the host must start a worker, got there are no workers here (leave worker out)',
    );
  });
});
