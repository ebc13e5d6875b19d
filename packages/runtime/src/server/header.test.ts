import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { bombPng, kinds, notImages } from '../../test/hostile.js';
import { ImageError } from './errors.js';
import { readHeader } from './header.js';

const picture = sharp({ create: { width: 37, height: 21, channels: 3, background: '#a40' } });
const clear = sharp({ create: { width: 300, height: 2, channels: 4, background: { r: 1, g: 2, b: 3, alpha: 0.5 } } });
const size = { width: 37, height: 21 };

describe('readHeader', () => {
  it.each<[string, () => Promise<Buffer>, object]>([
    ['PNG', () => picture.clone().png().toBuffer(), { format: 'png', ...size }],
    ['JPEG', () => picture.clone().jpeg().toBuffer(), { format: 'jpeg', ...size }],
    ['progressive JPEG', () => picture.clone().jpeg({ progressive: true }).toBuffer(), { format: 'jpeg', ...size }],
    [
      'JPEG with EXIF',
      () => picture.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      { format: 'jpeg', ...size },
    ],
    ['WebP', () => picture.clone().webp().toBuffer(), { format: 'webp', ...size }],
    ['lossless WebP', () => picture.clone().webp({ lossless: true }).toBuffer(), { format: 'webp', ...size }],
    ['WebP with alpha', () => clear.clone().webp().toBuffer(), { format: 'webp', width: 300, height: 2 }],
  ])('%s', async (_name, make, header) => {
    const bytes = await make();
    expect(readHeader(bytes)).toEqual(header);
    for (let length = 0; length < 24; length++) expect(() => readHeader(bytes.subarray(0, length))).toThrow(ImageError);
  });

  it('believes what a bomb says, for its reader to refuse', () => {
    expect(readHeader(bombPng(100_000, 100_000))).toEqual({ format: 'png', width: 100_000, height: 100_000 });
    expect(() => readHeader(bombPng(0, 5))).toThrow(/whole header/);
  });

  it.each(Object.entries(notImages))('refuses %s with status 415', (_name, bytes) => {
    expect(() => readHeader(bytes)).toThrow(expect.objectContaining({ name: 'ImageError', status: 415 }));
  });

  it('refuses an animation', async () => {
    const frames = Buffer.concat([Buffer.alloc(48, 10), Buffer.alloc(48, 200)]);
    const raw = { width: 4, height: 8, channels: 3, pageHeight: 4 } as const;
    const bytes = await sharp(frames, { raw })
      .webp({ loop: 0, delay: [100, 100] })
      .toBuffer();
    expect(() => readHeader(bytes)).toThrow(/animated WebP/);
  });

  it('ends on any bytes, with a size or an ImageError', () => {
    const starts = fc.constantFrom(...Object.values(kinds));
    fc.assert(
      fc.property(starts, fc.uint8Array({ maxLength: 64 }), (start, rest) => {
        try {
          const { width, height } = readHeader(Uint8Array.from([...start, ...rest]));
          expect(Math.min(width, height)).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(ImageError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
