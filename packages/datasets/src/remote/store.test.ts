import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeZip } from '../archives/zip-writer.js';
import { remoteSets, setFromUrl } from './known.js';
import type { RemoteSet } from './manifest.js';
import { type Handler, serve, startServer, type TestServer } from './server.js';
import { cachedSet, fetchSet } from './store.js';

const zip = makeZip([
  { name: 'set/HR/a.txt', data: 'alpha' },
  { name: 'set/HR/b.txt', data: 'beta' },
]);
const sha256 = createHash('sha256').update(zip).digest('hex');

let cache = '';
let server: TestServer | undefined;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'datasets-store-'));
});
afterEach(async () => {
  await server?.close();
  await rm(cache, { recursive: true });
});
const startAt = async (handlers: Readonly<Record<string, Handler>>) => {
  server = await startServer(handlers);
  return server;
};
const setOf = (urls: readonly string[], checksum: string | null): RemoteSet => ({
  name: 'mine',
  description: 'a set',
  archives: urls.map((url) => ({ urls: [url] as const, bytes: null, sha256: checksum })) as [never],
  root: 'set',
});
const options = () => ({ cache, retryMs: 1 });

describe('fetchSet', () => {
  it('downloads once, and then has it', async () => {
    const { url, ranges } = await startAt({ '/a.zip': serve(zip) });
    const set = setOf([url('/a.zip')], sha256);
    const first = await fetchSet(set, options());
    expect(first).toMatchObject({ name: 'mine', files: 2, transferred: zip.length, archives: [{ sha256 }] });
    expect(await readFile(join(first.folder, 'set', 'HR', 'a.txt'), 'utf8')).toBe('alpha');
    expect(await fetchSet(set, options())).toEqual({ ...first, transferred: 0 });
    expect(ranges).toHaveLength(1);
    expect(await readdir(join(cache, 'downloads'))).toEqual([]);
    expect(await readdir(join(cache, 'sets'))).toEqual(['mine']);
  });

  it('unpacks several archives into one folder', async () => {
    const more = makeZip([{ name: 'set/LR/a.txt', data: 'small' }]);
    const { url } = await startAt({ '/a.zip': serve(zip), '/b.zip': serve(more) });
    const { folder, files } = await fetchSet(setOf([url('/a.zip'), url('/b.zip')], null), options());
    expect(files).toBe(3);
    expect((await readdir(join(folder, 'set'))).sort()).toEqual(['HR', 'LR']);
  });

  it('leaves no trace of an archive that is refused', async () => {
    const { url } = await startAt({
      '/evil.zip': serve(
        makeZip([
          { name: 'a.txt', data: 'x' },
          { name: '../b.txt', data: 'x' },
        ]),
      ),
      '/cut.zip': serve(zip.subarray(0, 100)),
    });
    for (const path of ['/evil.zip', '/cut.zip']) {
      await expect(fetchSet(setOf([url(path)], null), options())).rejects.toThrow(/^\[datasets\] extract/);
      expect(await cachedSet('mine', cache)).toBeNull();
      expect(existsSync(join(cache, 'sets', 'mine'))).toBe(false);
      expect(await readdir(join(cache, 'sets'))).toEqual([]);
      expect(await readdir(join(cache, 'downloads'))).toEqual([]);
      expect(existsSync(join(cache, 'checksums.json'))).toBe(false);
    }
  });

  it('records the first checksum of an address and demands it from then on', async () => {
    const other = makeZip([{ name: 'set/c.txt', data: 'gamma' }]);
    let count = 0;
    const [first, second] = [serve(zip), serve(other)];
    const { url } = await startAt({ '/a.zip': (...args) => (count++ === 0 ? first(...args) : second(...args)) });
    const set = setOf([url('/a.zip')], null);
    const said: string[] = [];
    const { folder } = await fetchSet(set, { ...options(), say: (line) => said.push(line) });
    expect(said.join('\n')).toContain(`SHA-256 ${sha256} (no published one; recorded)`);
    await rm(folder, { recursive: true });
    await expect(fetchSet(set, options())).rejects.toThrow(`SHA-256 must be ${sha256}, got `);
  });

  it('does not download again what an earlier process did not unpack', async () => {
    const { url, ranges } = await startAt({ '/a.zip': serve(zip) });
    const set = setOf([url('/a.zip')], sha256);
    const downloads = join(cache, 'downloads');
    const { folder } = await fetchSet(set, options());
    await rm(folder, { recursive: true });
    await writeFile(
      join(downloads, `a-${createHash('sha256').update(url('/a.zip')).digest('hex').slice(0, 8)}.zip`),
      zip,
    );
    expect(await fetchSet(set, options())).toMatchObject({ transferred: 0, files: 2 });
    expect(ranges).toHaveLength(1);
    expect(await readdir(downloads)).toEqual([]);
  });

  it('wants a checksum from plain http, and the same one from the cache', async () => {
    await expect(fetchSet(setFromUrl('http://example.invalid/a.zip', null), options())).rejects.toThrow(
      /must be https when no SHA-256 is known/,
    );
    const { url } = await startAt({ '/a.zip': serve(zip) });
    await fetchSet(setOf([url('/a.zip')], null), options());
    await expect(fetchSet(setOf([url('/a.zip')], '0'.repeat(64)), options())).rejects.toThrow(
      /the cached mine must have SHA-256 0{64}, got/,
    );
  });

  it('refuses what is no archive before it asks for it', async () => {
    const { url, ranges } = await startAt({ '/a.rar': serve(zip) });
    await expect(fetchSet(setOf([url('/a.rar')], null), options())).rejects.toThrow(/must end in one of \.zip/);
    expect(ranges).toEqual([]);
  });
});

describe('remoteSets', () => {
  it.each(remoteSets.map((set) => [set.name, set] as const))('%s is complete', (name, set: RemoteSet) => {
    expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);
    expect(remoteSets.filter((each) => each.name === name)).toHaveLength(1);
    for (const { urls, bytes, sha256: checksum } of set.archives) {
      for (const url of urls) expect(new URL(url).protocol).toBe('https:');
      if (checksum !== null) expect(checksum).toMatch(/^[0-9a-f]{64}$/);
      if (bytes !== null) expect(Number.isSafeInteger(bytes)).toBe(true);
    }
  });

  it('names a set from an address', () => {
    expect(setFromUrl('https://example.org/x/photos.v2.tar.gz?a=1', null).name).toMatch(/^photos-[0-9a-f]{8}$/);
    expect(() => setFromUrl('ftp://example.org/a.zip', null)).toThrow(/must be http or https/);
    expect(() => setFromUrl('https://example.org/a.zip', 'abc')).toThrow(/64 hexadecimal digits/);
  });
});
