import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePng } from '../encode.js';
import type { Image } from '../image.js';
import { serve, startServer, type TestServer } from '../remote/server.js';
import { openSource } from './registry.js';
import { streamShards } from './stream-shards.js';

let root = '';
let server: TestServer;
let images: readonly Image[] = [];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'datasets-shards-'));
  const source = await openSource('dead-leaves:3:32');
  images = await Promise.all([0, 1, 2].map((i) => source.hr(i)));
  for (const [i, image] of images.entries()) await writeFile(join(root, `${i}.png`), await encodePng(image));
  await writeFile(join(root, 'broken.jpg'), 'no image');
  await create({ file: join(root, 's-0.tar'), cwd: root }, ['0.png', '1.png']);
  await create({ file: join(root, 's-1.tar'), cwd: root }, ['broken.jpg', '2.png']);
  const [a, b] = await Promise.all([0, 1].map((i) => readFile(join(root, `s-${i}.tar`))));
  server = await startServer({
    '/s-0.tar': serve(a!),
    '/s-1.tar': serve(b!),
    '/chunked.tar': (request, response) => {
      if (request.headers.range) serve(a!)(request, response);
      else {
        response.writeHead(200, { etag: '"a"' });
        response.write(a!.subarray(0, 2000));
        response.end(a!.subarray(2000));
      }
    },
    '/cut-0.tar': serve(a!, { cuts: [null, 1500] }),
  });
});
afterAll(async () => {
  await server.close();
  await rm(root, { recursive: true });
});

async function collect(spec: string, onBroken: 'skip' | 'throw') {
  const seen: Image[] = [];
  const skipped: string[] = [];
  const onSkipped = ({ name, reason }: { name: string; reason: string }) => skipped.push(`${name}: ${reason}`);
  for await (const { image } of streamShards(spec, { onBroken, onSkipped })) seen.push(image);
  return { seen, skipped };
}

describe('streamShards', () => {
  it('gives the same images from disk and from the network', async () => {
    for (const spec of [join(root, 's-{0..1}.tar'), server.url('/s-{0..1}.tar')]) {
      const { seen, skipped } = await collect(spec, 'skip');
      expect(seen).toMatchObject(images);
      expect(skipped).toEqual([expect.stringMatching(/^broken: .*s-1\.tar: broken\.jpg must be an image/)]);
      await expect(collect(spec, 'throw')).rejects.toThrow(/broken\.jpg must be an image/);
    }
  });

  it('goes on after a cut', async () => {
    expect((await collect(server.url('/cut-{0..0}.tar'), 'throw')).seen).toMatchObject(images.slice(0, 2));
  });

  it('reads a whole whose length the server does not state', async () => {
    expect((await collect(server.url('/chunked.tar'), 'throw')).seen).toMatchObject(images.slice(0, 2));
  });

  it('fails at a shard that is missing, or of a server that is not there', async () => {
    await expect(collect(server.url('/none.tar'), 'skip')).rejects.toThrow(/the server answers 404/);
    await expect(collect('http://127.0.0.1:65533/s.tar', 'skip')).rejects.toThrow(/cannot be read: .*ECONNREFUSED/);
    await expect(collect(join(root, 's-2.tar'), 'skip')).rejects.toThrow(/must exist/);
  });
});
