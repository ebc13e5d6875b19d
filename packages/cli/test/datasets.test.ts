/** Listing, fetching and making data sets. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { encodePng, openSource } from '@fqsr/datasets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fqsr, scratch, start } from './fqsr.js';
import { runHere } from './in-process.js';
import { tarOf } from './tar.js';

const at = scratch();
const body: { bytes: Buffer; cut: boolean } = { bytes: Buffer.alloc(0), cut: false };
const server = createServer(({ headers }, response) => {
  const from = Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
  const rest = body.bytes.subarray(from);
  const { length } = body.bytes;
  const range = from > 0 ? { 'content-range': `bytes ${from}-${length - 1}/${length}` } : {};
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length, etag: '"a"', ...range });
  if (!body.cut) response.end(rest);
  else response.write(rest.subarray(0, 1000), () => setTimeout(() => response.destroy(), 20));
  body.cut = false;
});
let address = '';

beforeAll(async () => {
  process.env['FQSR_CACHE'] = at('cache');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/leaves.tar.gz`;
  const image = await (await openSource('dead-leaves:1:64')).hr(0);
  body.bytes = gzipSync(tarOf(['set/a.png', await encodePng(image)]));
  mkdirSync(at('mixed'));
  writeFileSync(at('mixed', 'a.png'), await encodePng(image));
  writeFileSync(at('mixed', 'b.png'), 'no image');
});
afterAll(() => {
  delete process.env['FQSR_CACHE'];
  server.close();
});

describe('list', () => {
  it('tells sources, archives and the cache', async () => {
    const { code, stdout } = await runHere('datasets', 'list', '--json');
    expect(code).toBe(0);
    const { sources, archives, cache } = JSON.parse(stdout);
    expect(cache).toBe(at('cache'));
    expect(sources.map(({ name }: { name: string }) => name)).toContain('dead-leaves');
    expect(archives[0]).toMatchObject({ name: 'edsr-benchmark', folder: null });
    expect((await runHere('datasets', 'list')).stdout).toMatch(/div2k-valid-x2: DIV2K/);
  });
});

describe('fetch', () => {
  it('goes on after a cut, checks, unpacks and opens', async () => {
    body.cut = true;
    const sha256 = createHash('sha256').update(body.bytes).digest('hex');
    const { code, stdout, stderr } = await fqsr('datasets', 'fetch', address, '--sha256', sha256, '--json');
    expect(code, stderr).toBe(0);
    const { data, transferred, files, folder } = JSON.parse(stdout);
    expect({ transferred, files }).toEqual({ transferred: body.bytes.length, files: 1 });
    expect(readdirSync(`${folder}/set`)).toEqual(['a.png']);
    const measured = await runHere('eval', '--data', `${data}/set`, '--scale', '2', '--method', 'bicubic', '--json');
    expect(JSON.parse(measured.stdout)).toMatchObject({ images: 1 });
    const again = await fqsr('datasets', 'fetch', address, '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ transferred: 0 });
  });
});

describe('an archive that would write outside', () => {
  it('is refused with one line, and writes nothing', async () => {
    const good = body.bytes;
    body.bytes = gzipSync(tarOf(['../../evil.png', good]));
    const { code, stdout, stderr } = await fqsr('datasets', 'fetch', address.replace('leaves', 'evil'));
    body.bytes = good;
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.split('\n').filter((line) => line.startsWith('fqsr: '))).toEqual([
      expect.stringMatching(/\.\.\/\.\.\/evil\.png/),
    ]);
    expect(existsSync(at('evil.png')) || existsSync(at('cache', 'evil.png'))).toBe(false);
  });
});

describe('SIGINT', () => {
  it('keeps what came, and says how to go on', async () => {
    const slow = createServer((_request, response) => {
      response.writeHead(200, { 'content-length': 1e6, etag: '"a"' }).write(Buffer.alloc(5000));
    });
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    const { port } = slow.address() as AddressInfo;
    const { process: child, ended } = start(['datasets', 'fetch', `http://127.0.0.1:${port}/slow.zip`]);
    const parts = () =>
      existsSync(at('cache', 'downloads'))
        ? readdirSync(at('cache', 'downloads')).filter((name) => name.endsWith('.zip.part'))
        : [];
    while (parts().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    slow.closeAllConnections();
    slow.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^fqsr: stopped \(the same command goes on\)$/m);
    expect(readdirSync(at('cache', 'downloads')).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });
});

describe('make', () => {
  it('writes images and pairs that open again', async () => {
    const images = await runHere('datasets', 'make', 'dead-leaves:3:32', '-o', at('images'), '--json');
    expect(images.code, images.stderr).toBe(0);
    expect(JSON.parse(images.stdout)).toMatchObject({ images: 3, layout: 'folder' });
    expect(readdirSync(at('images'))).toHaveLength(3);
    const pairs = await runHere('datasets', 'make', at('images'), '--scale', '2', '--limit', '2', '-o', at('pairs'));
    expect(pairs.stdout).toMatch(/2 pairs x2 of images/);
    const [made, source] = await Promise.all([openSource(at('pairs')), openSource('dead-leaves:3:32')]);
    expect(made.count).toBe(2);
    const [a, b] = await Promise.all([made.pair(1, 2), source.pair(1, 2)]);
    expect([a.hr, a.lr]).toMatchObject([b.hr, b.lr]);
  });

  it('stops at a broken image and leaves nothing, or tells and goes on', async () => {
    const strict = await runHere('datasets', 'make', at('mixed'), '-o', at('strict'));
    expect(strict.code).toBe(1);
    expect(strict.stderr).toMatch(/^fqsr: .*b\.png must be an image/m);
    expect(readdirSync(at('.')).filter((name) => name.includes('strict'))).toEqual([]);
    const lenient = await runHere(
      'datasets',
      'make',
      at('mixed'),
      '-o',
      at('lenient'),
      '--on-broken',
      'skip',
      '--json',
    );
    expect(lenient.stderr).toMatch(/^skipped b: .*must be an image/m);
    expect(JSON.parse(lenient.stdout)).toMatchObject({ images: 1, skipped: [{ name: 'b' }] });
  });

  it('trains past a broken image and says so, or stops', async () => {
    const options = [
      '--data',
      at('mixed'),
      '--model',
      'edsr-f4b1',
      '--steps',
      '2',
      '--patches-per-image',
      '1',
      '--patch-size',
      '8',
      '--batch-size',
      '2',
    ];
    const lenient = await fqsr('train', ...options, '-o', at('run-lenient'));
    expect(lenient.code, lenient.stderr).toBe(0);
    expect(lenient.stderr).toMatch(/^skipped b: .*b\.png must be an image/m);
    const strict = await fqsr('train', ...options, '--on-broken', 'throw', '--seed', '2', '-o', at('run-strict'));
    expect(strict.code).toBe(1);
    expect(strict.stderr).toMatch(/^fqsr: .*b\.png must be an image/m);
  });
});

describe('bad input: one line, the right code, nothing written', () => {
  it.each<[string, () => string[], 1 | 2, RegExp]>([
    ['an unknown action', () => ['fecth'], 2, /action: must be one of list, fetch, make, got fecth/],
    ['no action', () => [], 2, /missing required argument 'action'/],
    ['an unknown set', () => ['fetch', 'set6'], 2, /data: must be one of edsr-benchmark/],
    ['a checksum that is none', () => ['fetch', address, '--sha256', 'abc'], 2, /64 hexadecimal digits/],
    [
      'a wrong checksum',
      () => ['fetch', `${address.replace('leaves', 'x')}`, '--sha256', '0'.repeat(64)],
      1,
      /SHA-256 must be 0+, got/,
    ],
    ['plain http without a checksum', () => ['fetch', 'http://example.invalid/a.zip'], 1, /must be https/],
    ['a server that is not there', () => ['fetch', 'http://127.0.0.1:65533/a.zip'], 1, /cannot be reached/],
    ['no output', () => ['make'], 2, /--output: must be given/],
    ['an output that exists', () => ['make', 'photos', '-o', at('mixed')], 2, /--output: must be free/],
    ['an unknown source', () => ['make', 'nowhere', '-o', at('bad-out')], 1, /nowhere/],
  ])('%s', async (_title, args, exitCode, message) => {
    const { code, stdout, stderr } = await runHere('datasets', ...args());
    const said = stderr.split('\n').filter((line) => line.startsWith('fqsr: '));
    expect(said, stderr).toHaveLength(1);
    expect(said[0]).toMatch(message);
    expect(code).toBe(exitCode);
    expect(stdout).toBe('');
    expect(existsSync(at('bad-out'))).toBe(false);
  });
});
