/** Services: the pool as it is built, and the example over HTTP, with files that mean harm. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bombPng, notImages } from './hostile.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const built = at('../dist/server.js');
const golden = (suffix: string) => readFileSync(at(`goldens/edsr-x2-w4a4s8${suffix}`));
const isBuilt = existsSync(built);
if (!isBuilt) process.stderr.write(`skipped: the service, since ${built} is not built (npm run build)\n`);

const image = { width: 13, height: 9, channels: 3, data: new Uint8Array(golden('.in.bin')) } as const;
const large = { width: 1500, height: 1500, channels: 3, data: new Uint8Array(1500 * 1500 * 3) } as const;
const raw = {
  decode: async () => image,
  encode: async ({ data }: { readonly data: Uint8Array | Uint8ClampedArray }) => new Uint8Array(data),
};

describe.skipIf(!isBuilt)('a pool', () => {
  // The built entry, whose worker threads are built files too.
  const open = async (options: object = {}) => {
    const { createUpscaler } = (await import(built)) as typeof import('../src/server.js');
    return createUpscaler(golden('.fqsr'), options);
  };

  it("gives the golden's bytes from every thread, and leaves the image alone", async () => {
    using upscaler = await open({ threads: 2 });
    expect(upscaler).toMatchObject({ scale: 2, backend: 'wasm' });
    const results = await Promise.all(Array.from({ length: 6 }, () => upscaler.upscale(image)));
    for (const { width, height, data } of results) {
      expect([width, height]).toEqual([26, 18]);
      expect(golden('.out.bin').equals(new Uint8Array(data))).toBe(true);
    }
    expect(golden('.in.bin').equals(image.data)).toBe(true);
  });

  it('refuses when the queue is full, gives up at its time or when told, and serves on', async () => {
    using upscaler = await open({ threads: 1, queue: 1, timeoutMs: 300 });
    const stop = new AbortController();
    const slow = expect(upscaler.upscale(large)).rejects.toMatchObject({ name: 'TimeoutError', status: 504 });
    const waits = expect(upscaler.upscale(large, { signal: stop.signal })).rejects.toThrow('the client left');
    expect(upscaler.waiting()).toBe(1);
    const refused = expect(upscaler.upscale(image)).rejects.toMatchObject({ name: 'BusyError', status: 503 });
    stop.abort(new Error('the client left'));
    await Promise.all([slow, waits, refused]);
    expect((await upscaler.upscale(image)).width).toBe(26);
  });

  it('stops what runs', async () => {
    using upscaler = await open({ threads: 1 });
    const stop = new AbortController();
    const running = upscaler.upscale(large, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 50);
    await expect(running).rejects.toThrow('enough');
  });

  it('replaces a thread that dies, and rejects what it was doing', async () => {
    const born: Worker[] = [];
    const note = (worker: Worker) => born.push(worker);
    process.on('worker', note);
    try {
      using upscaler = await open({ threads: 1 });
      const running = expect(upscaler.upscale(large)).rejects.toThrow('thread');
      await born[0]?.terminate();
      await running;
      const { data } = await upscaler.upscale(image);
      expect(golden('.out.bin').equals(new Uint8Array(data))).toBe(true);
      expect(born).toHaveLength(2);
    } finally {
      process.off('worker', note);
    }
  });

  it('decodes nothing that is too large, or no image', async () => {
    using upscaler = await open({ threads: 1, maxPixels: 1000, maxBytes: 10_000 });
    const codec = { ...raw, decode: () => Promise.reject(new Error('was decoded')) };
    const bomb = upscaler.upscaleFile(bombPng(100_000, 100_000), codec);
    await expect(bomb).rejects.toThrow(/must have at most 1000 pixels, got 100000 x 100000/);
    await expect(upscaler.upscaleFile(Buffer.alloc(10_001), codec)).rejects.toMatchObject({ name: 'LimitError' });
    await expect(upscaler.upscaleFile(notImages['an SVG'] as Buffer, codec)).rejects.toMatchObject({ status: 415 });
    await expect(upscaler.upscale(large)).rejects.toMatchObject({ name: 'LimitError', status: 413 });
    const broken = upscaler.upscaleFile(bombPng(13, 9), codec);
    await expect(broken).rejects.toMatchObject({ name: 'ImageError', status: 422, cause: new Error('was decoded') });
    const other = upscaler.upscaleFile(bombPng(9, 9), raw);
    await expect(other).rejects.toThrow(/must have the size of its header, got 13 x 9/);
    expect((await upscaler.upscaleFile(bombPng(13, 9), raw)).length).toBe(26 * 18 * 3);
  });

  it('rejects what runs and what waits when it is disposed', async () => {
    const upscaler = await open({ threads: 1 });
    const both = Promise.allSettled([upscaler.upscale(large), upscaler.upscale(large)]);
    upscaler.dispose();
    upscaler.dispose();
    const reason = expect.objectContaining({ message: expect.stringContaining('got a disposed one') });
    expect(await both).toEqual([1, 2].map(() => ({ status: 'rejected', reason })));
    await expect(upscaler.upscale(image)).rejects.toThrow(/got a disposed one/);
  });

  it('tells what is wrong with a model and with its options', async () => {
    const { createUpscaler } = (await import(built)) as typeof import('../src/server.js');
    await expect(createUpscaler(new Uint8Array(9), { threads: 1 })).rejects.toMatchObject({ name: 'FormatError' });
    await expect(open({ queue: -1 })).rejects.toThrow(/createUpscaler: queue must be an integer from 0/);
  });
});

describe.skipIf(!isBuilt)('the example over HTTP', () => {
  let server: ChildProcess;
  let url = '';

  beforeAll(async () => {
    const limits = ['--port', '0', '--threads', '1', '--max-pixels', '1000000', '--max-bytes', '2000000'];
    server = spawn(process.execPath, [at('../examples/server.mjs'), at('goldens/edsr-x2-w4a4s8.fqsr'), ...limits]);
    const said = await new Promise<string>((resolve, reject) => {
      server.stdout?.once('data', (chunk: Buffer) => resolve(String(chunk)));
      server.stderr?.once('data', (chunk: Buffer) => reject(new Error(String(chunk))));
    });
    url = / on (http:\S+)/.exec(said)?.[1] ?? '';
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:/);
  });

  afterAll(async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  const post = async (body: Buffer) => {
    const response = await fetch(url, { method: 'POST', body: new Uint8Array(body) });
    return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
  };
  /** Most memory of the server so far, in MiB. */
  const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1024;
  const photo = () => sharp({ create: { width: 40, height: 30, channels: 3, background: '#a40' } });

  it('upscales an image, with its alpha', async () => {
    const { status, body } = await post(await photo().ensureAlpha(0.5).png().toBuffer());
    expect(status).toBe(200);
    expect(await sharp(body).metadata()).toMatchObject({ width: 80, height: 60, channels: 4 });
    const grey = await post(await photo().greyscale().png().toBuffer());
    expect([grey.status, (await sharp(grey.body).metadata()).width]).toEqual([200, 80]);
  });

  it('refuses what means harm in one line, and takes no memory for it', async () => {
    const noise = Buffer.from(Array.from({ length: 3 * 200 * 200 }, (_, i) => (i * 2654435761) >>> 24));
    const jpeg = await sharp(noise, { raw: { width: 200, height: 200, channels: 3 } })
      .jpeg()
      .toBuffer();
    const harm: readonly (readonly [Buffer, number, RegExp])[] = [
      [bombPng(100_000, 100_000), 413, /at most 1000000 pixels, got 100000 x 100000/],
      [jpeg.subarray(0, jpeg.length / 2), 422, /got a damaged one/],
      [notImages['an SVG'] as Buffer, 415, /must be a PNG, JPEG or WebP image/],
      [notImages['a zip named .png'] as Buffer, 415, /must be a PNG, JPEG or WebP image/],
      [bombPng(1000, 1000).subarray(0, 60), 422, /got a damaged one/],
      [Buffer.alloc(3_000_000), 413, /at most 2000000 bytes/],
    ];
    await post(await photo().jpeg().toBuffer());
    const before = process.platform === 'linux' ? peak() : 0;
    for (let turn = 0; turn < 10; turn++) {
      for (const [bytes, status, line] of harm) {
        const answer = await post(bytes);
        expect([status, answer.body.toString().trimEnd().split('\n').length]).toEqual([answer.status, 1]);
        expect(answer.body.toString()).toMatch(line);
      }
    }
    // A decoded bomb would take 30 GB, its first rows alone more than this.
    if (process.platform === 'linux') expect(peak() - before).toBeLessThan(48);
    expect((await post(await photo().webp().toBuffer())).status).toBe(200);
  });

  it('counts bytes that come without a length', async () => {
    let left = 64;
    const body = new ReadableStream({
      pull: async (controller) => {
        // Lets the answer come in: a stream that is always ready would be all that this process does.
        await new Promise((resolve) => setImmediate(resolve));
        if (left-- > 0) controller.enqueue(new Uint8Array(2 ** 16));
        else controller.close();
      },
    });
    const answer = await fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit);
    expect([answer.status, await answer.text()]).toEqual([
      413,
      expect.stringMatching(/at most 2000000 bytes, got more/),
    ]);
  });

  it('knows one path and one method', async () => {
    expect((await fetch(url)).status).toBe(405);
    expect((await fetch(new URL('/', url))).status).toBe(404);
  });
});
