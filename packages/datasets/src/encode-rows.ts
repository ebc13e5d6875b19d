/**
 * RGB images to files, row by row: for images that memory should not hold.
 */
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import sharp from 'sharp';
import { encoderOf } from './encode.js';
import { DatasetError } from './error.js';
import { encodePngRows, type RowStream } from './png-rows.js';

/** Largest width and height of a format, in pixels. */
const limits: Readonly<Record<string, number>> = { '.jpg': 65535, '.jpeg': 65535, '.webp': 16383 };

/** What {@link encodeRows} is to make. */
export interface RowsTarget {
  readonly width: number;
  readonly height: number;
  /** Name of the file to be: its extension chooses the format, its folder holds what lies on disk meanwhile. */
  readonly path: string;
}

/**
 * The bytes of an image file, from its rows: the samples that `encodeImage` stores. PNG is written as the rows come; JPEG and WebP out of a PNG that lies beside the target meanwhile.
 *
 * @param rows the image's, from the top, any number at a time
 * @throws DatasetError when the format is unknown or cannot hold so large an image
 *
 * @example
 * await writeFile('out.png', encodeRows(upscaler.upscaleRows(image), { width, height, path: 'out.png' }));
 */
export async function* encodeRows(
  rows: RowStream,
  { width, height, path }: RowsTarget,
): AsyncGenerator<Uint8Array, void> {
  checkEncodable({ width, height, path });
  const extension = extname(path).toLowerCase();
  if (extension === '.png') return yield* encodePngRows(rows, { width, height });
  const beside = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}`);
  const [png, encoded] = [`${beside}.png`, `${beside}${extension}`];
  try {
    await pipeline(encodePngRows(rows, { width, height, level: 1 }), createWriteStream(png));
    await encoderOf(path)(sharp(png, { limitInputPixels: false, sequentialRead: true })).toFile(encoded);
    yield* createReadStream(encoded);
  } finally {
    for (const file of [png, encoded]) await rm(file, { force: true });
  }
}

/** @throws DatasetError when the format is unknown or cannot hold so large an image */
export function checkEncodable({ width, height, path }: RowsTarget): void {
  encoderOf(path);
  const limit = limits[extname(path).toLowerCase()] ?? 2 ** 31 - 1;
  if (Math.max(width, height) <= limit) return;
  const problem = `${path} must be at most ${limit} pixels wide and high, got ${width} x ${height}`;
  throw new DatasetError('encodeRows', problem, 'write a .png');
}
