import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type DownloadOptions, download } from './download.js';
import { type Handler, serve, startServer, type TestServer } from './server.js';

const body = randomBytes(300_000);
const sha256 = createHash('sha256').update(body).digest('hex');
const quick: DownloadOptions = { retryMs: 1, idleMs: 5000 };

let folder = '';
let server: TestServer | undefined;
const at = (name: string) => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'datasets-download-'));
});
afterEach(async () => {
  await server?.close();
  await rm(folder, { recursive: true });
});
const startAt = async (handlers: Readonly<Record<string, Handler>>) => {
  server = await startServer(handlers);
  return server;
};

describe('download', () => {
  it('writes the file and nothing else', async () => {
    const { url } = await startAt({ '/a': serve(body) });
    const seen: number[] = [];
    const got = await download({ urls: [url('/a')], bytes: body.length, sha256 }, at('a.zip'), {
      ...quick,
      onProgress: (done) => seen.push(done),
    });
    expect(got).toEqual({ url: url('/a'), bytes: body.length, sha256, transferred: body.length });
    expect((await readFile(at('a.zip'))).equals(body)).toBe(true);
    expect(await readdir(folder)).toEqual(['a.zip']);
    expect(seen.at(-1)).toBe(body.length);
  });

  it('goes on after a cut and transfers only the rest', async () => {
    const { url, ranges } = await startAt({ '/a': serve(body, { cuts: [100_000, 50_000, null] }) });
    const got = await download({ urls: [url('/a')], bytes: null, sha256: null }, at('a.zip'), quick);
    expect((await readFile(at('a.zip'))).equals(body)).toBe(true);
    expect(got).toMatchObject({ sha256, transferred: body.length });
    expect(ranges).toEqual(['', 'bytes=100000-', 'bytes=150000-']);
  });

  it('goes on in a later process', async () => {
    const { url, ranges } = await startAt({ '/a': serve(body, { cuts: [100_000, 0, null] }) });
    const archive = { urls: [url('/a')] as [string], bytes: null, sha256: null };
    await expect(download(archive, at('a.zip'), { ...quick, attempts: 1 })).rejects.toThrow(
      /^\[datasets\] download: [^\n]*100000 bytes are kept/,
    );
    expect(existsSync(at('a.zip'))).toBe(false);
    const got = await download(archive, at('a.zip'), quick);
    expect(got.transferred).toBe(body.length - 100_000);
    expect(ranges.at(-1)).toBe('bytes=100000-');
    expect(await readdir(folder)).toEqual(['a.zip']);
  });

  it('starts over when the file has changed since, or the server knows no ranges', async () => {
    const changed = randomBytes(200_000);
    for (const [name, second] of Object.entries({
      changed: serve(changed, { etag: '"b"' }),
      'no-ranges': serve(changed, { ranges: false }),
    })) {
      let count = 0;
      const first = serve(body, { cuts: [100_000] });
      const { url } = await startAt({ '/a': (...args) => (count++ === 0 ? first(...args) : second(...args)) });
      await download({ urls: [url('/a')], bytes: null, sha256: null }, at(name), quick);
      expect((await readFile(at(name))).equals(changed)).toBe(true);
      await server?.close();
    }
  });

  it('starts over when nobody can vouch for the part', async () => {
    const { url, ranges } = await startAt({ '/a': serve(body, { cuts: [100_000, null], etag: null }) });
    await download({ urls: [url('/a')], bytes: null, sha256: null }, at('a'), quick);
    expect(ranges).toEqual(['', '']);
    expect((await readFile(at('a'))).equals(body)).toBe(true);
  });

  it('goes on without a validator when a checksum will tell, also elsewhere', async () => {
    const { url, ranges } = await startAt({
      '/a': serve(body, { cuts: [100_000, 0], etag: null }),
      '/b': serve(body, { etag: null }),
    });
    const got = await download({ urls: [url('/a'), url('/b')], bytes: null, sha256 }, at('a'), {
      ...quick,
      attempts: 1,
    });
    expect(got).toMatchObject({ url: url('/b'), sha256 });
    expect(ranges.at(-1)).toBe('bytes=100000-');
  });

  it('starts over once when a part turns out to be of another file', async () => {
    await writeFile(at('a.part'), randomBytes(1000));
    await writeFile(at('a.part.json'), JSON.stringify({ url: 'elsewhere', validator: null }));
    const { url } = await startAt({ '/a': serve(body, { ignoresIfRange: true }) });
    await download({ urls: [url('/a')], bytes: null, sha256 }, at('a'), quick);
    expect((await readFile(at('a'))).equals(body)).toBe(true);
  });

  it('never keeps a wrong checksum, and names both', async () => {
    const { url } = await startAt({ '/a': serve(body) });
    const wrong = '0'.repeat(64);
    await expect(download({ urls: [url('/a')], bytes: null, sha256: wrong }, at('a'), quick)).rejects.toThrow(
      `SHA-256 must be ${wrong}, got ${sha256}`,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it('never keeps a wrong length', async () => {
    const { url } = await startAt({
      '/short': serve(body.subarray(0, 1000)),
      '/long': (_request, response) => {
        response.write(body);
        response.end(body);
      },
      '/longer': serve(Buffer.concat([body, body])),
      '/lies': (_request, response) => {
        response.writeHead(200, { 'content-length': body.length });
        response.write(body.subarray(0, 5000), () => setTimeout(() => response.destroy(), 20));
      },
    });
    for (const [path, message] of Object.entries({
      '/short': /must have 300000 bytes, got 1000/,
      '/long': /longer than 300000 bytes/,
      '/longer': /must have 300000 bytes, got 600000/,
      '/lies': /connection was cut/,
    })) {
      const archive = { urls: [url(path)] as [string], bytes: body.length, sha256: null };
      await expect(download(archive, at('a'), { ...quick, attempts: 2 })).rejects.toThrow(message);
      expect(existsSync(at('a'))).toBe(false);
    }
  });

  it('follows redirects', async () => {
    const { url } = await startAt({
      '/old': (_request, response) => void response.writeHead(302, { location: '/new' }).end(),
      '/new': serve(body, { cuts: [70_000, null] }),
    });
    await download({ urls: [url('/old')], bytes: null, sha256 }, at('a'), quick);
    expect((await readFile(at('a'))).equals(body)).toBe(true);
  });

  it('asks elsewhere when it is led from https to http', async () => {
    const { url } = await startAt({ '/a': serve(body) });
    const real = globalThis.fetch;
    vi.stubGlobal('fetch', async (address: string, options: RequestInit) => {
      const response = await real(address.replace('https://example.invalid', url('')), options);
      Object.defineProperty(response, 'url', { value: 'http://example.invalid/a' });
      return response;
    });
    const archive = { urls: ['https://example.invalid/a'] as [string], bytes: null, sha256 };
    await expect(download(archive, at('a'), quick)).rejects.toThrow(
      /it redirects from https to http:\/\/example\.invalid\/a/,
    );
    expect(await readdir(folder)).toEqual([]);
    const got = await download({ ...archive, urls: [...archive.urls, url('/a')] }, at('a'), quick);
    expect(got.url).toBe(url('/a'));
    vi.unstubAllGlobals();
  });

  it('says that the disk is full, keeps what came, and does not ask again', async () => {
    const { url, ranges } = await startAt({ '/a': serve(body) });
    const archive = { urls: [url('/a')] as [string], bytes: null, sha256 };
    let room = 100_000;
    const openPart = async (path: string, flags: 'w' | 'a') => {
      const file = await open(path, flags);
      const writeFile = async (chunk: Uint8Array) => {
        await file.writeFile(chunk.subarray(0, room));
        room -= chunk.length;
        if (room < 0) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      };
      return { writeFile, close: () => file.close() };
    };
    await expect(download(archive, at('a'), { ...quick, openPart })).rejects.toThrow(
      /^\[datasets\] download: .*a\.part cannot be written: the disk is full \(free some space, or set FQSR_CACHE\)$/,
    );
    expect(ranges).toEqual(['']);
    expect(existsSync(at('a'))).toBe(false);
    const { transferred } = await download(archive, at('a'), quick);
    expect(transferred).toBe(body.length - 100_000);
    expect((await readFile(at('a'))).equals(body)).toBe(true);
  });

  it('asks the next address, and tells what each one did', async () => {
    const { url } = await startAt({
      '/down': (_request, response) => void response.writeHead(503).end(),
      '/a': serve(body),
    });
    const got = await download({ urls: [url('/gone'), url('/down'), url('/a')], bytes: null, sha256 }, at('a'), quick);
    expect(got.url).toBe(url('/a'));
    await expect(download({ urls: [url('/gone'), url('/down')], bytes: null, sha256 }, at('b'), quick)).rejects.toThrow(
      /\/gone: the server answers 404.*\/down: the server answers 503/,
    );
  });

  it('says in one line that a server cannot be reached', async () => {
    const { url, close } = await startAt({});
    const address = url('/a');
    await close();
    const error = await download({ urls: [address], bytes: null, sha256 }, at('a'), quick).catch(String);
    expect(error).toMatch(/cannot be reached \(ECONNREFUSED\).*\(check the connection and the address\)$/);
    expect(error).not.toContain('\n');
  });

  it('gives up on a silent connection, and stops when told to', async () => {
    const { url } = await startAt({ '/a': (_request, response) => void response.writeHead(200).write('x') });
    const archive = { urls: [url('/a')] as [string], bytes: null, sha256 };
    await expect(download(archive, at('a'), { ...quick, idleMs: 50, attempts: 1 })).rejects.toThrow(/nothing came for/);
    const signal = AbortSignal.timeout(50);
    await expect(download(archive, at('a'), { ...quick, signal })).rejects.toThrow(/timeout/);
    expect(existsSync(at('a.lock'))).toBe(false);
  });

  it('lets one process at a time', async () => {
    const { url } = await startAt({ '/a': serve(body) });
    const archive = { urls: [url('/a')] as [string], bytes: null, sha256 };
    await writeFile(at('a.lock'), String(process.pid));
    await expect(download(archive, at('a'), quick)).rejects.toThrow(/is fetching the same archive/);
    await writeFile(at('a.lock'), '999999999');
    await download(archive, at('a'), quick);
  });
});
