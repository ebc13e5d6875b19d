import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enlargeRows, type ImageFile, openImageFile, type Samples } from '@fqsr/datasets';
import { load } from '@fqsr/runtime';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { integerNetwork, type Network } from '../networks.js';
import { enlargedRows } from './enlarge.js';

const golden = new URL('../../../runtime/test/goldens/edsr-x2-w4a4s8.fqsr', import.meta.url);
const [width, height] = [23, 19];
let scratch = '';
let network: Network;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'fqsr-enlarge-'));
  network = await integerNetwork(await readFile(golden));
});
afterAll(async () => {
  network.dispose();
  await rm(scratch, { recursive: true });
});

/** Bicubic as {@link enlargeRows} has it, in strips of uneven heights. */
const plain: Network = {
  label: 'plain',
  arithmetic: 'bicubic',
  scale: 2,
  upscale: () => Promise.reject(new Error('by rows only')),
  upscaleRows: async function* ({ data, ...size }) {
    const all = Uint8Array.from(await samples(enlargeRows(data, { ...size, scale: 2 })));
    const length = size.width * 2 * 3;
    for (const [from, to] of [
      [0, 5],
      [5, 6],
      [6, size.height * 2],
    ] as const) {
      yield { data: all.subarray(from * length, to * length) };
    }
  },
  dispose: () => {},
};

async function samples(chunks: AsyncIterable<Samples | Uint8ClampedArray>): Promise<number[]> {
  const all: number[] = [];
  for await (const chunk of chunks) all.push(...chunk);
  return all;
}

async function* asChunks<Data>(rows: AsyncIterable<{ readonly data: Data }>): AsyncGenerator<Data, void> {
  for await (const { data } of rows) yield data;
}

const enlarged = (by: Network, file: ImageFile) => samples(asChunks(enlargedRows(by, file, () => {})));

function open(channels: 1 | 2 | 3 | 4, deep: boolean, sample: (i: number) => number): Promise<ImageFile> {
  const values = Array.from({ length: width * height * channels }, (_, i) => sample(i));
  const raw = { raw: { width, height, channels } };
  const image = deep ? sharp(Uint16Array.from(values), raw) : sharp(Uint8Array.from(values), raw);
  const [grey, rgb] = deep ? ['grey16', 'rgb16'] : ['b-w', 'srgb'];
  const png = image.toColourspace((channels < 3 ? grey : rgb) as string).png();
  return png.toBuffer().then((bytes) => openImageFile(bytes, { scratch }));
}

const noise = (i: number) => Math.imul(i + 1, 0x9e3779b1) >>> 16;

describe('enlargedRows', () => {
  it('RGB is what the network makes of it', async () => {
    const file = await open(3, false, (i) => noise(i) & 255);
    const data = Uint8Array.from(await samples(file.rows()));
    const { data: wanted } = await network.upscale({ width, height, channels: 3, data });
    expect(await enlarged(network, file)).toEqual([...wanted]);
  });

  it('grey stays grey: the luma of what the network makes of it', async () => {
    const file = await open(1, false, (i) => noise(i) & 255);
    const grey = await samples(file.rows());
    const data = Uint8Array.from(grey.flatMap((value) => [value, value, value]));
    const { data: rgb } = await network.upscale({ width, height, channels: 3, data });
    const found = await enlarged(network, file);
    expect(found).toHaveLength(4 * width * height);
    for (const [i, value] of found.entries()) {
      const three = [...rgb.subarray(3 * i, 3 * i + 3)];
      expect(value >= Math.min(...three) && value <= Math.max(...three)).toBe(true);
    }
    expect(await enlarged(plain, file)).toEqual(
      await samples(enlargeRows(file.rows(), { width, height, channels: 1, scale: 2 })),
    );
  });

  it('RGBA with nothing clear is what the runtime makes of it', async () => {
    const file = await open(4, false, (i) => (i % 4 === 3 ? 1 + (noise(i) % 255) : noise(i) & 255));
    const data = Uint8Array.from(await samples(file.rows()));
    using upscaler = await load(await readFile(golden));
    const { data: wanted } = await upscaler.upscale({ width, height, channels: 4, data });
    expect(await enlarged(network, file)).toEqual([...wanted]);
  });

  it.each([false, true])('what lies under clear pixels makes no difference (16 bits: %s)', async (deep) => {
    const most = deep ? 65535 : 255;
    const clear = (i: number) => (i >> 2) % width > 9;
    const withColour = (colour: number) =>
      open(4, deep, (i) => (i % 4 === 3 ? (clear(i) ? 0 : most) : clear(i) ? colour : 100 + (noise(i) % 100)));
    const [black, white] = [
      await enlarged(network, await withColour(0)),
      await enlarged(network, await withColour(most)),
    ];
    expect(black).toEqual(white);
    const alpha = black.filter((_, i) => i % 4 === 3);
    expect([Math.min(...alpha), Math.max(...alpha)]).toEqual([0, most]);
  });

  it.each([1, 2, 3, 4] as const)(
    '16 bits of %i channels: bicubic, where the network is, but for rounding its output',
    async (channels) => {
      const isAlpha = (i: number) => channels % 2 === 0 && i % channels === channels - 1;
      // Away from both ends, where sums are clamped.
      const file = await open(channels, true, (i) =>
        isAlpha(i) ? 1 + (noise(i) % 65535) : 20000 + (noise(i) % 20000),
      );
      const wanted = await samples(enlargeRows(file.rows(), { width, height, channels, scale: 2 }));
      const apart = (await enlarged(plain, file)).map((value, i) => Math.abs(value - (wanted[i] as number)));
      expect(Math.max(...apart.filter((_, i) => isAlpha(i)), 0)).toBe(0);
      // Half of 257, and half a step of the remainder's own rounding and of bicubic's.
      expect(Math.max(...apart)).toBeLessThanOrEqual(129);
    },
  );

  it('16 bits that say no more than 8 are 257 times what the network makes of these', async () => {
    const file = await open(3, true, (i) => 257 * (noise(i) & 255));
    const eight = Uint8Array.from(await samples(file.rows()), (value) => value / 257);
    const { data } = await network.upscale({ width, height, channels: 3, data: eight });
    expect(await enlarged(network, file)).toEqual(Array.from(data, (value) => 257 * value));
  });
});
