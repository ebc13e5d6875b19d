/**
 * Images to files, row by row: for images that memory should not hold.
 */
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import sharp from 'sharp';
import { encoderOf, type Quality } from './encode.js';
import { DatasetError } from './error.js';
import type { ImageMetadata } from './files/image-file.js';
import { encodePngRows, type RowStream } from './png-rows.js';

/** What {@link encodeRows} is to make. */
export interface RowsTarget extends Quality {
  readonly width: number;
  readonly height: number;
  /** Name of the file to be: its extension chooses the format, its folder holds what lies on disk meanwhile. */
  readonly path: string;
  /** Grey, grey and alpha, RGB, RGB and alpha. Default 3. */
  readonly channels?: 1 | 2 | 3 | 4;
  /** 16 only for PNG and TIFF. Default 8. */
  readonly bitDepth?: 8 | 16;
  /** What the file is to hold besides; of a TIFF not EXIF. */
  readonly metadata?: ImageMetadata;
}

/**
 * The bytes of an image file, from its rows: the samples that `encodeImage` stores. PNG is written as the rows come; the other formats out of a PNG that lies beside the target meanwhile.
 *
 * @param rows the image's, from the top, any number at a time
 * @throws DatasetError when the format is unknown or cannot hold so large or such an image
 *
 * @example
 * await writeFile('out.png', encodeRows(upscaler.upscaleRows(image), { width, height, path: 'out.png' }));
 */
export async function* encodeRows(rows: RowStream, target: RowsTarget): AsyncGenerator<Uint8Array, void> {
  checkEncodable(target);
  const { path, channels = 3, bitDepth = 8, metadata = {} } = target;
  const extension = extname(path).toLowerCase();
  if (extension === '.png') return yield* encodePngRows(rows, target);
  const beside = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}`);
  const [png, encoded] = [`${beside}.png`, `${beside}${extension}`];
  try {
    await pipeline(encodePngRows(rows, { ...target, level: 1 }), createWriteStream(png));
    const opened = sharp(png, { limitInputPixels: false, sequentialRead: true, ignoreIcc: true });
    const kept = Object.keys(metadata).length > 0 ? opened.keepMetadata() : opened;
    const [grey, rgb] = bitDepth === 16 ? ['grey16', 'rgb16'] : ['b-w', 'srgb'];
    const samples = kept.toColourspace((channels < 3 ? grey : rgb) as string);
    await encoderOf(path)
      .encode(samples, { ...target, density: metadata.density })
      .toFile(encoded);
    yield* createReadStream(encoded);
  } finally {
    for (const file of [png, encoded]) await rm(file, { force: true });
  }
}

/** @throws DatasetError when the format is unknown or cannot hold so large or such an image */
export function checkEncodable({ width, height, path, channels = 3, bitDepth = 8 }: RowsTarget): void {
  const { side, alpha, bitDepth: most } = encoderOf(path);
  if (Math.max(width, height) > side) {
    const problem = `${path} must be at most ${side} pixels wide and high, got ${width} x ${height}`;
    throw new DatasetError('encodeRows', problem, 'write a .png');
  }
  if (channels % 2 === 0 && !alpha) {
    throw new DatasetError('encodeRows', `${path} cannot hold transparency`, 'write a .png, or lay a background under');
  }
  if (bitDepth > most) throw new DatasetError('encodeRows', `${path} holds ${most} bits a sample`, 'write a .png');
}
