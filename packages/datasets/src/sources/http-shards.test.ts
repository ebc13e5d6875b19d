import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'tar';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRemoteFile } from '../archives/http.js';
import { encodePng } from '../encode.js';
import type { Image } from '../image.js';
import { pairsOf } from '../iterate.js';
import { type Handler, type ServeOptions, serve, startServer, type TestServer } from '../remote/server.js';
import type { Source } from '../source.js';
import { createPatchStream } from '../stream.js';
import { openHttpShards } from './http-shards.js';
import { openSource } from './registry.js';

const quick = { retryMs: 1, idleMs: 2000 };
let root = '';
let images: readonly Image[] = [];
let shards: readonly Buffer[] = [];
let server: TestServer | undefined;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'datasets-http-shards-'));
  const source = await openSource('dead-leaves:6:64');
  images = await Promise.all(Array.from({ length: 6 }, (_, i) => source.hr(i)));
  for (const [i, image] of images.entries()) {
    await writeFile(join(root, `${i}.png`), await encodePng(image));
    await writeFile(join(root, `${i}.json`), '{}');
  }
  await writeFile(join(root, 'noise.bin'), Buffer.alloc(200_000, 7));
  const pack = async (name: string, files: string[]) => {
    await create({ file: join(root, name), cwd: root }, files);
    return readFile(join(root, name));
  };
  shards = [
    await pack('s-0.tar', ['0.json', '0.png', 'noise.bin', '1.png', '2.png']),
    await pack('s-1.tar', ['3.png', '3.json', '4.png', '5.png']),
  ];
});
afterAll(() => rm(root, { recursive: true }));
afterEach(async () => {
  await server?.close();
  server = undefined;
  vi.unstubAllEnvs();
});

/** Serves both shards; the cache is another one each time unless it is given. */
async function serveShards(options: ServeOptions, cache = 'cache') {
  const handlers: Record<string, Handler> = {};
  for (const [i, shard] of shards.entries()) handlers[`/s-${i}.tar`] = serve(shard, options);
  server = await startServer(handlers);
  return { spec: server.url('/s-{0..1}.tar'), options: { ...quick, cache: join(root, cache) }, ranges: server.ranges };
}

async function expectAll(source: Source, order: readonly number[] = [0, 1, 2, 3, 4, 5]) {
  expect(source.count).toBe(6);
  for (const i of order) {
    expect(source.nameOf(i)).toBe(String(i));
    expect(await source.hr(i)).toMatchObject({ ...images[i] });
  }
}

describe('shards behind an address', () => {
  it('are read by parts, in any order, and skip what is no image', async () => {
    const { spec, options, ranges } = await serveShards({}, 'parts');
    const source = await openHttpShards(spec, options);
    expect(source.notice).toBeUndefined();
    expect(ranges.every((range) => /^bytes=\d+-\d+$/.test(range))).toBe(true);
    const asked = ranges.reduce((sum, range) => {
      const [from = 0, to = 0] = range.slice('bytes='.length).split('-').map(Number);
      return sum + to + 1 - from;
    }, 0);
    expect(asked).toBeLessThan(shards[0]!.length + shards[1]!.length - 150_000);
    await expectAll(source, [5, 0, 3, 2, 1, 4]);
  });

  it('are read from their start where the server gives no parts, and say so', async () => {
    const { spec, options, ranges } = await serveShards({ ranges: false }, 'whole');
    const source = await openHttpShards(spec, options);
    expect(source.notice).toMatch(/s-0\.tar: the server gives no parts of files, so shards are read from their start/);
    const before = ranges.length;
    await expectAll(source);
    expect(ranges.length - before).toBe(2);
    await expectAll(source, [5, 0, 3, 2, 1, 4]);
    await Promise.all([4, 1, 3, 0].map(async (i) => expect(await source.hr(i)).toMatchObject({ ...images[i] })));
  });

  it.each<[string, ServeOptions]>([
    ['parts', { cuts: [null, 700, 3000, 100, null, 900] }],
    ['the whole', { cuts: [null, 5000, 150_000, null], ranges: false }],
    ['no validator', { cuts: [null, 700, null, 900, null], etag: null }],
  ])('go on after a cut: %s', async (title, how) => {
    const { spec, options } = await serveShards(how, `cut-${title}`);
    await expectAll(await openHttpShards(spec, options));
  });

  it('open again by one request a shard, unless they have changed', async () => {
    const first = await serveShards({}, 'kept');
    await openHttpShards(first.spec, first.options);
    const before = first.ranges.length;
    expect(before).toBeGreaterThan(2);
    await expectAll(await openHttpShards(first.spec, first.options));
    expect(first.ranges.slice(before, before + 2)).toEqual(['bytes=0-0', 'bytes=0-0']);
    expect(first.ranges.length - before).toBe(2 + 6);
    const [record] = (await readdir(join(root, 'kept', 'shard-indexes'))).map((name) =>
      join(root, 'kept', 'shard-indexes', name),
    );
    await writeFile(record!, (await readFile(record!, 'utf8')).replace('\\"a\\"', '\\"b\\"'));
    await expectAll(await openHttpShards(first.spec, first.options));
    await writeFile(record!, 'damaged');
    await expectAll(await openHttpShards(first.spec, first.options));
  });

  it('give streams that resume from a cursor', async () => {
    const { spec, options } = await serveShards({}, 'streams');
    const drawn = { scale: 2, patchSize: 8, batchSize: 4, seed: 3 };
    const local = createPatchStream(await openSource(join(root, 's-{0..1}.tar')), drawn);
    const stream = createPatchStream(await openHttpShards(spec, options), drawn);
    for (const cursor of [9, 2, 10]) expect(await stream.batch(cursor)).toEqual(await local.batch(cursor));
  });

  it('open through the registry, also without low-resolution files', async () => {
    const { spec } = await serveShards({});
    vi.stubEnv('FQSR_CACHE', join(root, 'registry'));
    const names: string[] = [];
    for await (const { name } of pairsOf(await openSource(`hr:${spec}`), 2)) names.push(name);
    expect(names).toEqual(['0', '1', '2', '3', '4', '5']);
    await expect(openSource('https://example.invalid/set.zip')).rejects.toThrow(
      /must be that of a WebDataset shard, \*\.tar/,
    );
  });
});

describe('a server that fails', () => {
  const open = async (handler: RequestListener) => {
    server = await startServer({ '/a.tar': handler });
    return openHttpShards(server.url('/a.tar'), { ...quick, attempts: 2, cache: join(root, 'failing') });
  };

  it('is given up after some cuts without a byte', async () => {
    await expect(open((_request, response) => void response.destroy())).rejects.toThrow(
      /^\[datasets\] fetch: .*a\.tar cannot be read: .* \(check the connection\)$/,
    );
    await expect(open(serve(shards[0]!, { cuts: [null, 0] }))).rejects.toThrow(/a\.tar cannot be read: /);
    await server?.close();
    await expect(open((_request, response) => void response.writeHead(503).end())).rejects.toThrow(
      /the server answers 503/,
    );
  });

  it('is given up when it is silent', async () => {
    server = await startServer({ '/a.tar': (_request, response) => void response.writeHead(200).write('x') });
    const file = await openRemoteFile(server.url('/a.tar'), { ...quick, idleMs: 50, attempts: 2 });
    const read = async () => {
      for await (const _ of file.bytes(0));
    };
    await expect(read()).rejects.toThrow(/nothing came for/);
  });

  it('is refused for what it answers', async () => {
    await expect(open((_request, response) => void response.writeHead(404).end())).rejects.toThrow(
      /a\.tar must be there, the server answers 404/,
    );
    await expect(open(serve(shards[0]!.subarray(0, 900)))).rejects.toThrow(/a\.tar is damaged: it/);
    await expect(open(serve(Buffer.alloc(4096, 1)))).rejects.toThrow(/there is no tar header at byte 0/);
    await expect(open(serve(Buffer.alloc(1024)))).rejects.toThrow(/a\.tar must hold images/);
  });

  it('is refused when it sends another file, other bytes or a wrong length', async () => {
    const whole = shards[0]!;
    const second = (other: Handler): Handler => {
      const first = serve(whole);
      let count = 0;
      return (...args) => (count++ === 0 ? first(...args) : other(...args));
    };
    const part =
      (range: string, bytes: Buffer): Handler =>
      (_request, response) =>
        void response.writeHead(206, { 'content-range': range, etag: '"a"' }).end(bytes);
    const total = whole.length;
    for (const [handler, message] of [
      [second(serve(whole, { etag: '"b"' })), /must be one file that stays the same: it was "a" and now is "b"/],
      [second(serve(Buffer.concat([whole, whole]))), /it had \d+ bytes and now has \d+/],
      [second(part(`bytes 5-16388/${total}`, whole.subarray(5, 16389))), /asked for byte 0 and sends byte 5/],
      [second(part(`bytes 0-16383/${total}`, whole)), /it sends more than the bytes to/],
      [second(part(`bytes 0-16383/${total}`, whole.subarray(0, 0))), /cannot be read: it ended at byte 0 of/],
    ] as const) {
      await expect(open(handler)).rejects.toThrow(message);
      await server?.close();
    }
  });

  it('is refused when it leads from https to http', async () => {
    const answer = new Response('x');
    Object.defineProperty(answer, 'url', { value: 'http://example.invalid/a.tar' });
    vi.stubGlobal('fetch', async () => answer);
    await expect(openRemoteFile('https://example.invalid/a.tar', quick)).rejects.toThrow(
      /it redirects from https to http:\/\/example\.invalid\/a\.tar/,
    );
    vi.unstubAllGlobals();
  });
});
