import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'tar';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { encodePng } from '../encode.js';
import { makeImage } from '../image.js';
import { pairFromHr } from '../pair.js';
import { serve, startServer, type TestServer } from '../remote/server.js';
import { openSource, openTold, registerSourceKind, sourceKinds } from './registry.js';

let root = '';
let served: TestServer;
const at = (...parts: string[]) => join(root, ...parts);
const image = (side: number) =>
  encodePng(
    makeImage(
      side,
      side,
      Uint8Array.from({ length: side * side * 3 }, (_, i) => i & 255),
    ),
  );

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'datasets-sources-'));
  await mkdir(at('plain'));
  for (const name of ['img10.png', 'img2.PNG', 'img1.png']) await writeFile(at('plain', name), await image(25));
  await writeFile(at('plain', 'notes.txt'), 'no image');
  for (const scale of [2, 4]) {
    await mkdir(at('Bench', `image_SRF_${scale}`), { recursive: true });
    for (const name of ['img_001', 'img_002']) {
      await writeFile(at('Bench', `image_SRF_${scale}`, `${name}_SRF_${scale}_HR.png`), await image(24));
      await writeFile(at('Bench', `image_SRF_${scale}`, `${name}_SRF_${scale}_LR.png`), await image(24 / scale));
    }
  }
  for (const [high, low] of [
    [at('Pairs', 'HR'), at('Pairs', 'LR_bicubic', 'X2')],
    [at('div', 'valid_HR'), at('div', 'valid_LR_bicubic', 'X2')],
  ] as const) {
    await mkdir(high, { recursive: true });
    await mkdir(low, { recursive: true });
    await writeFile(join(high, 'baby.png'), await image(25));
    await writeFile(join(low, 'babyx2.png'), await image(12));
  }
  await mkdir(at('empty'));
  await mkdir(at('shards'));
  const plain = ['img1.png', 'img2.PNG', 'notes.txt'];
  await create({ file: at('shards', 'train-00.tar'), cwd: at('plain') }, plain);
  await create({ file: at('shards', 'train-01.tar'), cwd: at('plain') }, ['img10.png']);
  await mkdir(at('empty', '.cache', 'sets', 'mine'), { recursive: true });
  await cp(at('plain'), at('empty', '.cache', 'sets', 'mine', 'plain'), { recursive: true });
  await writeFile(
    at('empty', '.cache', 'sets', 'mine', '.fqsr-set.json'),
    '{ "name": "mine", "archives": [], "files": 3 }',
  );
  const [first, second] = await Promise.all([0, 1].map((i) => readFile(at('shards', `train-0${i}.tar`))));
  served = await startServer({ '/train-00.tar': serve(first!), '/train-01.tar': serve(second!) });
  vi.stubEnv('FQSR_CACHE', at('empty', '.cache'));
});
afterAll(async () => {
  await served.close();
  vi.unstubAllEnvs();
  return rm(root, { recursive: true });
});

const samples: Record<string, () => string> = {
  photos: () => 'photos',
  'dead-leaves': () => 'dead-leaves:3:48',
  'self-exsr': () => at('Bench'),
  edsr: () => at('Pairs'),
  folder: () => at('plain'),
  shards: () => at('shards', 'train-{00..01}.tar'),
  remote: () => 'remote/mine/plain',
  'http-shards': () => served.url('/train-{00..01}.tar'),
  hr: () => `hr:${at('Bench')}`,
  several: () => `${at('plain')},dead-leaves:2:32,hr:${at('Bench')}`,
};

describe.each(sourceKinds.map((kind) => [kind.name, kind] as const))('source %s', (name, kind) => {
  it('matches its own spec and no other', () => {
    const spec = samples[name]!();
    expect(kind.matches(spec)).toBe(true);
    expect(sourceKinds.find((each) => each.matches(spec))).toBe(kind);
    expect(kind.matches('no-such-thing')).toBe(false);
    expect(kind.description).toMatch(/^[^\n]+$/);
  });

  it('gives named, repeatable images and exact pairs', async () => {
    const source = await openSource(samples[name]!());
    expect(source.count).toBeGreaterThan(0);
    expect(new Set(Array.from({ length: source.count }, (_, i) => source.nameOf(i))).size).toBe(source.count);
    const last = source.count - 1;
    const [once, again] = await Promise.all([source.hr(last), source.hr(last)]);
    expect(Buffer.compare(once.data, again.data)).toBe(0);
    const { hr, lr, scale, name: pairName } = await source.pair(last, 2);
    expect({ scale, pairName }).toEqual({ scale: 2, pairName: source.nameOf(last) });
    expect([hr.width, hr.height]).toEqual([lr.width * 2, lr.height * 2]);
    for (const { data, width, height, channels } of [hr, lr]) {
      expect(data.length).toBe(width * height * channels);
    }
  });

  it('refuses an index or a scale that it has not', async () => {
    const source = await openSource(samples[name]!());
    await expect(source.hr(source.count)).rejects.toThrow(/index must be an integer from 0 to/);
    await expect(source.pair(-1, 2)).rejects.toThrow(/index must be/);
    await expect(source.pair(0, 0)).rejects.toThrow(/scale must be/);
  });
});

describe('openSource', () => {
  it('lists what is known when nothing matches', async () => {
    await expect(openSource('/no/such/folder')).rejects.toThrow(
      /folder that exists, got "\/no\/such\/folder".*photos.*dead-leaves/,
    );
  });

  it('reads folders in natural order and ignores other files', async () => {
    const source = await openSource(at('plain'));
    expect([0, 1, 2].map((i) => source.nameOf(i))).toEqual(['img1', 'img2', 'img10']);
    expect(source.name).toBe('plain');
    expect((await source.pair(0, 2)).hr).toMatchObject({ width: 24, height: 24 });
  });

  it('refuses a folder without images, and names the folders in it', async () => {
    await expect(openSource(at('empty'))).rejects.toThrow(/must hold images/);
    await expect(openSource(root)).rejects.toThrow(/open one of its folders: Bench, div, empty, Pairs, plain, shards/);
  });

  it('lists the scales of a layout', async () => {
    const source = await openSource(at('Bench'));
    await expect(source.pair(0, 3)).rejects.toThrow(/scale must be one of 2, 4/);
    expect(source.name).toBe('Bench');
    const one = await openSource(at('Bench', 'image_SRF_4'));
    expect(one.name).toBe('Bench');
    await expect(one.pair(0, 2)).rejects.toThrow(/scale must be one of 4/);
  });

  it('opens both layouts of EDSR', async () => {
    const division = await openSource(at('div', 'valid_HR'));
    expect(division.name).toBe('valid');
    expect((await division.pair(0, 2)).hr).toMatchObject({ width: 24, height: 24 });
    await expect((await openSource(at('Pairs'))).pair(0, 3)).rejects.toThrow(/scale must be one of 2 for/);
  });

  it('reads shards without unpacking them', async () => {
    const [source, plain] = await Promise.all([openSource(at('shards', '*.tar')), openSource(at('plain'))]);
    expect([source.name, source.count]).toEqual(['shards', 3]);
    expect([0, 1, 2].map((i) => source.nameOf(i))).toEqual(['img1', 'img2', 'img10']);
    for (const i of [0, 1, 2]) expect(await source.pair(i, 2)).toEqual(await plain.pair(i, 2));
    await expect(openSource(at('shards', 'train-{00..02}.tar'))).rejects.toThrow(/train-02\.tar must exist/);
    await expect(openSource(at('shards', 'none-*.tar'))).rejects.toThrow(/must match shards, got none/);
    await expect(openSource(at('shards', '{9..1}.tar'))).rejects.toThrow(/must count up/);
    await writeFile(at('shards', 'cut.tar'), (await readFile(at('shards', 'train-00.tar'))).subarray(0, 700));
    await expect(openSource(at('shards', 'cut.tar'))).rejects.toThrow(/cut\.tar is damaged: it/);
    await rm(at('shards', 'cut.tar'));
  });

  it('leaves low-resolution files aside when asked to', async () => {
    const [own, made] = await Promise.all([openSource(at('Bench')), openSource(`hr:${at('Bench')}`)]);
    expect([own.ownLr, made.ownLr, made.name]).toEqual([true, undefined, 'Bench']);
    expect(await made.pair(0, 3)).toEqual(pairFromHr('img_001', await own.hr(0), 3));
  });

  it('joins several sources in their order, each image as its source has it', async () => {
    const parts = [`hr:${at('Bench')}`, 'dead-leaves:2:32', at('Bench')];
    const [bench, leaves, own] = await Promise.all(parts.map(openSource));
    const all = await openSource(parts.join(','));
    expect([all.name, all.count, all.ownLr]).toEqual(['Bench,dead-leaves,Bench-2', 6, true]);
    expect([0, 2, 5].map((i) => all.nameOf(i))).toEqual([
      'Bench/img_001',
      'dead-leaves/dead-leaves-0000',
      'Bench-2/img_002',
    ]);
    for (const [i, source, index] of [
      [1, bench!, 1],
      [3, leaves!, 1],
      [4, own!, 0],
    ] as const) {
      expect(await all.hr(i)).toEqual(await source.hr(index));
      expect(await all.pair(i, 4)).toEqual({ ...(await source.pair(index, 4)), name: all.nameOf(i) });
    }
    expect((await openSource(parts.slice(0, 2).join(','))).ownLr).toBeUndefined();
  });

  it('names the source of several that it cannot open', async () => {
    await expect(openSource('dead-leaves:2:32,/no/such')).rejects.toThrow(/got "\/no\/such"/);
    await expect(openSource('dead-leaves:2:32,')).rejects.toThrow(/got ""/);
  });

  it('takes a folder whose name has a comma for that folder', async () => {
    await mkdir(at('a,b'));
    await writeFile(at('a,b', 'one.png'), await image(24));
    expect(await openSource(at('a,b'))).toMatchObject({ name: 'a,b', count: 1 });
    await rm(at('a,b'), { recursive: true });
  });

  it('says how to get a remote set, and what is in it', async () => {
    await expect(openSource('remote/edsr-benchmark')).rejects.toThrow(/\(fqsr datasets fetch edsr-benchmark\)$/);
    await expect(openSource('remote/other')).rejects.toThrow(/must be fetched first \(known are edsr-benchmark/);
    await expect(openSource('remote/mine/Set6')).rejects.toThrow(/\(folders there: plain\)$/);
    await expect(openSource('remote/mine/../mine')).rejects.toThrow(/must be remote\/NAME/);
  });

  it('reads the fields of dead-leaves', async () => {
    expect((await openSource('dead-leaves')).count).toBe(512);
    expect(await (await openSource('dead-leaves:2:32')).hr(0)).toMatchObject({ width: 32, height: 32 });
    const [a, b] = await Promise.all(['dead-leaves:2:32:1', 'dead-leaves:2:32:2'].map(openSource));
    expect(await a!.hr(0)).not.toEqual(await b!.hr(0));
    for (const spec of [
      'dead-leaves:0',
      'dead-leaves:x',
      'dead-leaves:1:8',
      'dead-leaves:1:64:-1',
      'dead-leaves:1:64:1:1',
    ]) {
      await expect(openSource(spec)).rejects.toThrow(/dead-leaves/);
    }
  });
});

describe('registerSourceKind', () => {
  const numbered = {
    name: 'numbered',
    description: 'numbered:COUNT: grey images',
    matches: (spec: string) => spec.startsWith('numbered:'),
    open: async (spec: string) => ({ ...(await openSource(`dead-leaves:${spec.slice(9)}:32`)), name: 'numbered' }),
  };

  it('makes a kind known, also behind hr:, and tells it from what workers know', async () => {
    await expect(openSource('numbered:3')).rejects.toThrow(/which is neither/);
    registerSourceKind(numbered);
    expect(sourceKinds[0]).toBe(numbered);
    expect(await openSource('numbered:3')).toMatchObject({ name: 'numbered', count: 3 });
    for (const [spec, isBuiltIn] of [
      ['numbered:3', false],
      ['hr:numbered:3', false],
      ['hr:dead-leaves:3:32', true],
      ['numbered:1,dead-leaves:2:32', false],
      ['dead-leaves:1:32,dead-leaves:2:32', true],
    ] as const) {
      expect(await openTold(spec)).toMatchObject({ isBuiltIn, source: { count: 3 } });
    }
  });

  it('refuses a name that is taken or none, and what lacks a function', () => {
    expect(() => registerSourceKind({ ...numbered, name: 'photos' })).toThrow(
      '[datasets] registerSourceKind: kind.name must be new, got "photos", which there is (choose another name)',
    );
    expect(() => registerSourceKind({ ...numbered, name: '' })).toThrow('kind.name must be text, got ""');
    expect(() => registerSourceKind({ ...numbered, name: 'x', open: undefined as never })).toThrow(
      'kind.open must be a function, got undefined',
    );
  });
});
