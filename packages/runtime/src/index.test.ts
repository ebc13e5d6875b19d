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
    ['image.channels must be 3, got 4', { ...small, channels: 4 }],
    ['image.data must be a Uint8Array, got "object"', { ...small, data: [1, 2, 3] }],
    ['image.data must be 189 bytes long (9 x 7 x 3), got 188', { ...small, data: small.data.subarray(1) }],
  ])('refuses: %s', async (reason, image) => {
    const upscaler = await load(bytes);
    await expect(upscaler.upscale(image as Image)).rejects.toThrow(`[runtime] upscale: ${reason}`);
    expect(() => runModel(model, image as Image)).toThrow(`[runtime] runModel: ${reason}`);
  });
});
