/** Kinds of images, made by the library: what must hold of each when it is opened, and when it is written and opened again. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeRows } from '../encode-rows.js';
import { type ImageFile, openImageFile } from './image-file.js';
import type { Samples } from './pad-colour.js';

let scratch = '';
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'datasets-image-file-'));
});
afterEach(() => rm(scratch, { recursive: true }));

const [width, height] = [9, 7];
const samplesOf = (channels: number, most: number) =>
  Array.from({ length: width * height * channels }, (_, i) =>
    // Nothing is clear, whose colour would be padded.
    channels % 2 === 0 && i % channels === channels - 1 ? 1 + ((i * 53) % most) : (i * 7919) % (most + 1),
  );
const eight = (channels: 1 | 2 | 3 | 4) =>
  sharp(Uint8Array.from(samplesOf(channels, 255)), { raw: { width, height, channels } }).toColourspace(
    channels < 3 ? 'b-w' : 'srgb',
  );
const sixteen = (channels: 1 | 2 | 3 | 4) =>
  sharp(Uint16Array.from(samplesOf(channels, 65535)), { raw: { width, height, channels } }).toColourspace(
    channels < 3 ? 'grey16' : 'rgb16',
  );
const lossless = { compression: 'deflate' } as const;

/** A kind of image, how many channels and bits it must have when it is opened, and its samples, where they stay the same. */
const kinds: readonly (readonly [string, () => Promise<Buffer>, number, number, number[] | null])[] = [
  ['grey PNG', () => eight(1).png().toBuffer(), 1, 8, samplesOf(1, 255)],
  ['grey and alpha PNG', () => eight(2).png().toBuffer(), 2, 8, samplesOf(2, 255)],
  ['RGB PNG', () => eight(3).png().toBuffer(), 3, 8, samplesOf(3, 255)],
  ['RGBA PNG', () => eight(4).png().toBuffer(), 4, 8, samplesOf(4, 255)],
  ['RGBA lossless WebP', () => eight(4).webp({ lossless: true, exact: true }).toBuffer(), 4, 8, samplesOf(4, 255)],
  ['RGB TIFF', () => eight(3).tiff(lossless).toBuffer(), 3, 8, samplesOf(3, 255)],
  ['16-bit grey PNG', () => sixteen(1).png().toBuffer(), 1, 16, samplesOf(1, 65535)],
  ['16-bit grey and alpha PNG', () => sixteen(2).png().toBuffer(), 2, 16, samplesOf(2, 65535)],
  ['16-bit RGB PNG', () => sixteen(3).png().toBuffer(), 3, 16, samplesOf(3, 65535)],
  ['16-bit RGBA TIFF', () => sixteen(4).tiff(lossless).toBuffer(), 4, 16, samplesOf(4, 65535)],
  ['palette PNG', () => eight(3).png({ palette: true, colours: 8 }).toBuffer(), 3, 8, null],
  ['palette PNG with alpha', () => eight(4).png({ palette: true, colours: 8 }).toBuffer(), 4, 8, null],
  ['CMYK JPEG', () => eight(3).toColourspace('cmyk').jpeg().toBuffer(), 3, 8, null],
  ['CMYK TIFF', () => eight(3).toColourspace('cmyk').tiff(lossless).toBuffer(), 3, 8, null],
  ['AVIF', () => eight(3).avif({ quality: 60 }).toBuffer(), 3, 8, null],
  ['GIF of one frame', () => eight(3).gif().toBuffer(), 4, 8, null],
];

async function collected({ rows }: ImageFile): Promise<number[]> {
  const all: number[] = [];
  for await (const chunk of rows()) all.push(...chunk);
  return all;
}

async function* asStream(rows: AsyncIterable<Samples>) {
  for await (const data of rows) yield { data };
}

async function written(file: ImageFile, extension: string): Promise<Buffer> {
  const { channels, bitDepth } = file;
  const target = { width, height, channels, bitDepth, path: join(scratch, `out${extension}`) };
  const bytes: Uint8Array[] = [];
  const metadata = file.metadata({ width, height });
  for await (const chunk of encodeRows(asStream(file.rows()), { ...target, metadata })) bytes.push(chunk);
  return Buffer.concat(bytes);
}

describe('openImageFile', () => {
  it.each(kinds)('%s: its own channels, bits and samples, from memory and from disk', async (_, make, ...expected) => {
    const [channels, bitDepth, samples] = expected;
    const bytes = await make();
    const file = await openImageFile(bytes, { scratch });
    const spilled = await openImageFile(bytes, { scratch, memoryBytes: 0 });
    const found = await collected(file);
    expect(file).toMatchObject({ width, height, channels, bitDepth, alpha: channels % 2 === 0 });
    if (samples) expect(found).toEqual(samples);
    expect(found).toHaveLength(width * height * channels);
    expect(await collected(spilled)).toEqual(found);
    expect(await collected(spilled)).toEqual(found);
    await spilled.dispose();
    expect(await readdir(scratch)).toEqual([]);
  });

  it.each(kinds)('%s: PNG and TIFF hold the same', async (_, make) => {
    const file = await openImageFile(await make(), { scratch });
    for (const extension of ['.png', '.tif']) {
      const again = await openImageFile(await written(file, extension), { scratch });
      expect(again).toMatchObject({ channels: file.channels, bitDepth: file.bitDepth });
      expect(await collected(again), extension).toEqual(await collected(file));
    }
    expect(await readdir(scratch)).toEqual([]);
  });

  it('rounds 16 bits to 8 where it is asked to', async () => {
    const file = await openImageFile(await sixteen(3).png().toBuffer(), { scratch, bitDepth: 8 });
    expect(await collected(file)).toEqual(samplesOf(3, 65535).map((value) => Math.round(value / 257)));
    expect(file.notices).toEqual(['image: 16 bits a sample are rounded to 8']);
  });

  it('lays a background under transparency', async () => {
    const clear = sharp(Uint8Array.of(9, 9, 9, 0, 50, 60, 70, 255), { raw: { width: 2, height: 1, channels: 4 } });
    const file = await openImageFile(await clear.png().toBuffer(), { scratch, background: '#ff0080' });
    expect([file.channels, ...(await collected(file))]).toEqual([3, 255, 0, 128, 50, 60, 70]);
  });

  it('turns upright, and keeps profile, EXIF, XMP and density true', async () => {
    const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6"/></x:xmpmeta>';
    const jpeg = await eight(3)
      .withMetadata({ orientation: 6, density: 300 })
      .withExifMerge({ IFD0: { Copyright: 'me' } })
      .withXmp(xmp)
      .withIccProfile('p3')
      .jpeg()
      .toBuffer();
    const { icc } = await sharp(jpeg).metadata();
    const file = await openImageFile(jpeg, { scratch });
    expect(file).toMatchObject({ width: height, height: width, stored: { profile: 'converted' } });
    const metadata = file.metadata({ width: 14, height: 18 });
    for (const extension of ['.png', '.jpg', '.webp', '.avif', '.tif']) {
      const target = { width: file.width, height: file.height, path: join(scratch, `x${extension}`), metadata };
      const out: Uint8Array[] = [];
      for await (const chunk of encodeRows(asStream(file.rows()), target)) out.push(chunk);
      const found = await sharp(Buffer.concat(out)).metadata();
      expect(found.icc, extension).toEqual(icc);
      expect(found.orientation ?? 1, extension).toBe(1);
      expect(found.xmpAsString, extension).toContain('tiff:Orientation="1"');
      if (extension !== '.tif') expect(found.exif?.includes('me\0'), extension).toBe(true);
      if (!['.webp', '.avif'].includes(extension)) expect(found.density, extension).toBe(300);
    }
    const bare = await openImageFile(jpeg, { scratch, strip: true });
    expect(bare.metadata({ width: 1, height: 1 })).toEqual({});
    const converted = await sharp(jpeg, { autoOrient: true }).toColourspace('srgb').removeAlpha().raw().toBuffer();
    expect(await collected(bare)).toEqual([...converted]);
    expect(await collected(file)).not.toEqual([...converted]);
  });

  it('refuses animations and documents by name, or takes a page', async () => {
    const frames = sharp(
      Uint8Array.from({ length: 4 * 6 * 3 }, (_, i) => (i < 36 ? 255 : 0)),
      {
        raw: { width: 4, height: 6, channels: 3, pageHeight: 3 },
      },
    );
    const gif = await frames.clone().gif().toBuffer();
    const webp = await frames.clone().webp({ lossless: true }).toBuffer();
    for (const bytes of [gif, webp]) {
      await expect(openImageFile(bytes, { scratch, name: 'a.gif' })).rejects.toThrow(
        'a.gif must be one image, got 2 frames (choose one, --page 1)',
      );
      const second = await openImageFile(bytes, { scratch, page: 2 });
      expect(second).toMatchObject({ width: 4, height: 3 });
      expect((await collected(second)).slice(0, 3)).toEqual([0, 0, 0]);
      const first = await openImageFile(bytes, { scratch, page: 1 });
      expect((await collected(first)).slice(0, 3)).toEqual([255, 255, 255]);
      await expect(openImageFile(bytes, { scratch, page: 3 })).rejects.toThrow('must have a page 3, got 2 pages');
    }
  });

  it('leaves nothing of what is cut', async () => {
    const png = await eight(4).png().toBuffer();
    await writeFile(join(scratch, 'cut.png'), png.subarray(0, png.length - 40));
    const path = join(scratch, 'cut.png');
    await expect(openImageFile(path, { scratch, memoryBytes: 0 })).rejects.toThrow('cut.png is damaged or truncated');
    await rm(path);
    expect(await readdir(scratch)).toEqual([]);
  });
});
