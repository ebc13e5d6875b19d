/** `@fqsr/runtime` on a page, from its built files and no bundler: what it gives is what the reference gives on Node, and the page stays responsive. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { runModel, serializeModel } from '@fqsr/runtime';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { edsr, imageGrid, levels, midrise, modelBuilder, randomImage } from '../../packages/runtime/test/models.ts';
import { launchChromium } from '../gpu/launch-chromium.ts';
import { canRun } from '../gpu/unpack.ts';

type Runtime = typeof import('@fqsr/runtime');
type Upscaler = Awaited<ReturnType<Runtime['load']>>;

declare global {
  var runtime: Runtime;
  /** Timers that fired since the page began. */
  var ticks: number;
}

const dist = fileURLToPath(new URL('../../packages/runtime/dist/', import.meta.url));
const built = existsSync(`${dist}worker.js`);
const runs = built && (canRun() || Boolean(process.env['FQSR_CHROMIUM']));
if (!built) process.stderr.write('skipped: @fqsr/runtime in a browser, since packages/runtime/dist is not built\n');
else if (!runs)
  process.stderr.write('skipped: @fqsr/runtime in a browser, since no Chromium runs here (set FQSR_CHROMIUM)\n');

/** Skips, PReLU, a table, two shuffles and mid-rise grids, in small. */
function srresnetLike() {
  const b = modelBuilder(41);
  b.conv2d('head', b.input(), [3, 8], { kernel: [9, 9] });
  b.requantize('skip', 'head', { factor: 1 / 900, channels: 8, grid: midrise(8, true) });
  b.conv2d('conv', 'skip', [8, 8], { bits: 4, odd: true });
  b.requantize('branch', 'conv', { factor: 1 / 300, grid: midrise(8, true) });
  b.add('sum', 'branch', 'skip');
  b.requantize('act', 'sum', { factor: 0.6, grid: levels(4, true) });
  b.conv2d('up', 'act', [8, 32], { bits: 2 });
  b.requantize('up.act', 'up', { factor: 1 / 20, grid: levels(8, false, 7), channels: 32 });
  b.pixelShuffle('up1', 'up.act', 2);
  b.pixelShuffle('up2', 'up1', 2, 'dcr');
  b.conv2d('tail', 'up2', [2, 3], { kernel: [5, 5] });
  b.output(b.requantize('out', 'tail', { factor: 1 / 150, grid: imageGrid }));
  return b.build(4, 'srresnet-like');
}

const models = {
  edsr: edsr({ features: 16, blocks: 2, weightBits: 8, bits: 8 }),
  'edsr-w4a4s8': edsr({ features: 8, blocks: 1, scale: 3 }),
  srresnet: srresnetLike(),
};
const image = randomImage(3, 45, 37);
const wanted = Object.fromEntries(
  Object.entries(models).map(([name, model]) => [name, Buffer.from(runModel(model, image).data).toString('base64')]),
);

/** A page that imports the runtime from an address. */
const page = (from: string) => `<!doctype html>
<script type="module">
import * as runtime from '${from}/index.js';
globalThis.ticks = 0;
setInterval(() => globalThis.ticks++, 1);
globalThis.runtime = runtime;
</script>`;

/** A static server: the page, the package's files and the models. */
function site(headers: Readonly<Record<string, string>>, names: readonly string[], from: string): Promise<Server> {
  const files = new Map<string, readonly [string, string | Uint8Array]>([['/', ['text/html', page(from)]]]);
  for (const name of names) files.set(`/${name}`, ['text/javascript', readFileSync(dist + name)]);
  for (const [name, model] of Object.entries(models)) {
    files.set(`/${name}.fqsr`, ['application/octet-stream', serializeModel(model)]);
  }
  const server = createServer((request, response) => {
    const [type, body] = files.get(request.url ?? '') ?? [];
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type ?? 'text/plain', ...headers });
    response.end(body);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

const isolated = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
const both = ['index.js', 'worker.js'];

describe.skipIf(!runs)('in Chromium, from the built files', () => {
  let browser: Browser;
  const servers: Server[] = [];
  beforeAll(async () => {
    browser = await launchChromium();
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    for (const server of servers) server.close();
  });

  async function serve(headers: Readonly<Record<string, string>>, names: readonly string[], from = '.') {
    const server = await site(headers, names, from);
    servers.push(server);
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function open(headers: Readonly<Record<string, string>> = {}, names = both, from?: string): Promise<Page> {
    const opened = await browser.newPage();
    await opened.goto(`${await serve(headers, names, from)}/`);
    await opened.waitForFunction(() => 'runtime' in globalThis);
    return opened;
  }

  const sent = { ...image, data: Buffer.from(image.data).toString('base64') };

  /** Upscales the image on the page, whole and by strips. */
  const upscaleThere = (where: Page, model: string, options: Parameters<Runtime['load']>[1]) =>
    where.evaluate(
      async ([name, pixels, loadOptions]) => {
        const data = Uint8Array.from(atob(pixels.data), (letter) => letter.charCodeAt(0));
        const given = { ...pixels, data };
        const upscaler: Upscaler = await globalThis.runtime.load(`./${name}.fqsr`, loadOptions);
        const encode = (bytes: ArrayLike<number>) => btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(''));
        const before = globalThis.ticks;
        let calls = 0;
        const result = await upscaler.upscale(given, { onProgress: () => calls++ });
        const strips: number[] = [];
        for await (const strip of upscaler.upscaleRows(given)) strips.push(...strip.data);
        const { backend, threads, where, why } = upscaler;
        upscaler.dispose();
        const ended = await upscaler.upscale(given).catch(String);
        const ticks = globalThis.ticks - before;
        return {
          backend,
          threads,
          where,
          why,
          calls,
          ticks,
          ended,
          whole: encode(result.data),
          strips: encode(strips),
        };
      },
      [model, sent, options] as const,
    );

  const gives = (model: string) => ({ whole: wanted[model], strips: wanted[model] });

  test.each(Object.keys(models))('%s: wasm with 1 and 2 threads, webgpu and reference give the same', async (model) => {
    const there = await open(isolated);
    for (const options of [
      { backend: 'wasm', threads: 1 },
      { backend: 'wasm', threads: 2 },
      { backend: 'wasm', threads: 2, memoryBytes: 0 },
      { backend: 'webgpu', memoryBytes: 0 },
      { backend: 'reference', worker: false },
    ] as const) {
      const found = await upscaleThere(there, model, options);
      const where = 'worker' in options ? 'here' : 'worker';
      const threads = 'threads' in options ? options.threads : 1;
      expect(found).toMatchObject({ backend: options.backend, threads, where, ...gives(model) });
      expect(found.calls).toBeGreaterThan(0);
      expect(found.ended).toMatch(/^RuntimeError: \[runtime\] upscale: upscaler must be in use, got a disposed one/);
    }
    await there.close();
  });

  test('without isolation there is one thread, in a worker; with it as many as there are', async () => {
    const [plain, shared] = [await open(), await open(isolated)];
    const why = 'a page stays responsive';
    expect(await upscaleThere(plain, 'edsr', {})).toMatchObject({ threads: 1, where: 'worker', why, ...gives('edsr') });
    const { threads } = await upscaleThere(shared, 'edsr', {});
    expect(threads).toBe(Math.min(4, await shared.evaluate(() => navigator.hardwareConcurrency)));
    await plain.close();
    await shared.close();
  });

  test('it may come from another origin', async () => {
    const origin = await serve({ 'access-control-allow-origin': '*' }, ['index.js']);
    const there = await open({}, [], origin);
    expect(await upscaleThere(there, 'edsr', {})).toMatchObject({ where: 'worker', ...gives('edsr') });
    await there.close();
  });

  test('one file is enough, and a policy that forbids workers or threads is told of', async () => {
    const alone = await open(isolated, ['index.js']);
    expect(await upscaleThere(alone, 'edsr', { threads: 2 })).toMatchObject({ where: 'worker', ...gives('edsr') });
    const policy = "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval';";
    const without = await open({ ...isolated, 'content-security-policy': `${policy} worker-src 'none'` });
    const found = await upscaleThere(without, 'edsr', {});
    expect(found).toMatchObject({ where: 'here', threads: 1, ...gives('edsr') });
    expect(found.why).toMatch(/^no worker: /);
    await expect(upscaleThere(without, 'edsr', { worker: true })).rejects.toThrow('the host must start a worker, got');
    await expect(upscaleThere(without, 'edsr', { threads: 2 })).rejects.toThrow('the host must start 2 threads, got');
    const noBlobs = await open({ ...isolated, 'content-security-policy': `${policy} worker-src 'self'` });
    expect(await upscaleThere(noBlobs, 'edsr', {})).toMatchObject({ where: 'worker', ...gives('edsr') });
    for (const each of [alone, without, noBlobs]) await each.close();
  });

  test('timers run while a large image is upscaled, it can be aborted, and errors keep their class', async () => {
    const there = await open(isolated);
    const found = await there.evaluate(async () => {
      const { load, FormatError, RuntimeError } = globalThis.runtime;
      const upscaler = await load('./edsr.fqsr');
      const large = { width: 700, height: 500, channels: 3, data: new Uint8Array(1050000).fill(99) } as const;
      const before = globalThis.ticks;
      const shares: number[] = [];
      let during = 0;
      await upscaler.upscale(large, {
        onProgress: (done, total) => {
          shares.push(done / total);
          during = globalThis.ticks - before;
        },
      });
      const stop = new AbortController();
      const reason = new Error('enough');
      const running = upscaler.upscale(large, { signal: stop.signal, onProgress: () => stop.abort(reason) });
      const aborted = await running.catch((error: unknown) => error === reason);
      const next = await upscaler.upscale({ width: 1, height: 1, channels: 3, data: new Uint8Array(3) });
      const refused = await upscaler.upscale({ ...large, width: 3 }).catch((error) => error instanceof RuntimeError);
      const damaged = await load(new Uint8Array(9)).catch((error) => [error instanceof FormatError, error.message]);
      async function* short() {
        yield new Uint8Array(30);
      }
      const rows = upscaler.upscaleRows({ width: 5, height: 5, channels: 3, data: short() });
      const ended = await rows.next().catch((error) => [error instanceof RuntimeError, error.message]);
      const own = await load('./edsr.fqsr', { worker: () => new Worker('./worker.js', { type: 'module' }) });
      const closing = upscaler.upscale(large).catch(String);
      upscaler.dispose();
      const { why } = own;
      own.dispose();
      return { during, shares, aborted, next: next.data.length, refused, damaged, ended, why, closed: await closing };
    });
    expect(found.during).toBeGreaterThan(0);
    expect(found.shares.length).toBeGreaterThan(1);
    expect(found.shares.at(-1)).toBe(1);
    expect(found).toMatchObject({ aborted: true, next: 12, refused: true, why: 'worker was given' });
    expect(found.damaged).toEqual([true, expect.stringMatching(/^\[runtime\] parseModel: /)]);
    expect(found.ended).toEqual([true, expect.stringContaining('image.data must give 75 bytes (5 x 5 x 3), got 30')]);
    expect(found.closed).toContain('upscaler must be in use, got a disposed one');
    await there.close();
  });

  test('ImageData and ImageBitmap in and out, alpha apart from the colours', async () => {
    const there = await open();
    const { samples, ...found } = await there.evaluate(async (pixels) => {
      const upscaler = await globalThis.runtime.load('./edsr.fqsr');
      const rgb = Uint8Array.from(atob(pixels.data), (letter) => letter.charCodeAt(0));
      const given = new ImageData(pixels.width, pixels.height);
      for (let i = 0; i < given.data.length; i++)
        given.data[i] = i % 4 === 3 ? 255 : (rgb[3 * (i >> 2) + (i % 4)] ?? 0);
      const data = await upscaler.upscale(given);
      const bitmap = await upscaler.upscale(await createImageBitmap(given));
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
      canvas?.drawImage(bitmap, 0, 0);
      const drawn = canvas?.getImageData(0, 0, bitmap.width, bitmap.height).data ?? [];
      upscaler.dispose();
      return {
        kinds: [data instanceof ImageData, bitmap instanceof ImageBitmap],
        sizes: [data.width, data.height, bitmap.width, bitmap.height],
        equal: data.data.every((value, i) => value === drawn[i]),
        opaque: data.data.every((value, i) => i % 4 < 3 || value === 255),
        samples: [...data.data.filter((_, i) => i % 4 < 3)],
      };
    }, sent);
    expect(found).toEqual({ kinds: [true, true], sizes: [90, 74, 90, 74], equal: true, opaque: true });
    expect(Buffer.from(samples).toString('base64')).toBe(wanted['edsr']);
    await there.close();
  });
});
