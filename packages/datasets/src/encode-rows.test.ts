import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeImage } from './decode.js';
import { encodeImage } from './encode.js';
import { encodeRows } from './encode-rows.js';
import { makeImage } from './image.js';

const [width, height] = [37, 23];
const image = makeImage(
  width,
  height,
  Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7 + (i >> 5)) & 255),
);
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fqsr-rows-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function* strips(...heights: readonly number[]) {
  let y = 0;
  for (const rows of heights) {
    yield { data: image.data.subarray(y * width * 3, (y + rows) * width * 3) };
    y += rows;
  }
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

describe('encodeRows', () => {
  it.each([[[23]], [[1, 22]], [[5, 5, 5, 5, 3]]])('PNG of strips of %j rows holds the samples', async (heights) => {
    const path = join(folder, 'a.png');
    const { data, stored } = await decodeImage(await bytesOf(encodeRows(strips(...heights), { width, height, path })));
    expect(data).toEqual(image.data);
    expect(stored).toMatchObject({ container: 'png', bitDepth: 8, colour: 'rgb', alpha: false });
  });

  it.each(['a.jpg', 'a.JPEG', 'a.webp'])('%s is what encodeImage makes', async (name) => {
    const path = join(folder, name);
    const bytes = await bytesOf(encodeRows(strips(7, 16), { width, height, path }));
    expect(Buffer.compare(bytes, await encodeImage(image, name))).toBe(0);
    expect(await readdir(folder)).toEqual([]);
  });

  it('fails with its rows and leaves nothing', async () => {
    async function* broken() {
      yield* strips(3);
      throw new Error('no more');
    }
    for (const name of ['a.png', 'a.webp']) {
      const chunks = encodeRows(broken(), { width, height, path: join(folder, name) });
      await expect(bytesOf(chunks)).rejects.toThrow('no more');
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses what a format cannot hold, before any row', async () => {
    const unread: AsyncIterable<never> = {
      [Symbol.asyncIterator]: () => {
        throw new Error('read');
      },
    };
    const chunks = encodeRows(unread, { width: 16384, height: 1, path: 'a.webp' });
    await expect(bytesOf(chunks)).rejects.toThrow('a.webp must be at most 16383 pixels wide and high, got 16384 x 1');
    await expect(bytesOf(encodeRows(unread, { width, height, path: 'a.gif' }))).rejects.toThrow('a.gif must end in');
  });
});
