/**
 * Image files to RGB, by sharp.
 */
import { readFile } from 'node:fs/promises';
import sharp, { type Metadata } from 'sharp';
import { BrokenImageError, DatasetError } from './error.js';
import { type Image, makeImage } from './image.js';

/** Formats that are decoded; vector graphics are not images here. */
const formats = ['png', 'jpeg', 'webp', 'tiff', 'gif', 'heif'];

/** Pixels that a file may at most have: 16384 x 16384. */
const MAX_PIXELS = 2 ** 28;

/**
 * Decodes an image file (PNG, JPEG, WebP; also TIFF, GIF and AVIF) to 8-bit RGB.
 *
 * Grey becomes three equal channels, and the image says `grey`; of 16 bits the upper 8 stay. An alpha channel is dropped and the colours under it stay as stored. The orientation of EXIF is applied.
 * A colour profile is applied unless it is an sRGB profile, so that sRGB and untagged samples stay as stored. Of an animation the first frame.
 *
 * @throws DatasetError naming the file when it is missing; BrokenImageError when it is no image, damaged or truncated, or larger than 2^28 pixels
 *
 * @example
 * const { width, height, data } = await readImage('photo.jpg');
 */
export async function readImage(path: string): Promise<Image> {
  return decodeImage(await readBytes(path), path);
}

/**
 * Decodes the bytes of an image file; see {@link readImage}.
 *
 * @param name what the bytes are, for messages
 */
export async function decodeImage(bytes: Uint8Array, name = 'image'): Promise<Image> {
  const limits = { failOn: 'error', limitInputPixels: MAX_PIXELS } as const;
  const { format, icc, channels } = await guard(name, () => sharp(bytes, limits).metadata());
  if (!formats.includes(format)) throw notAnImage(name, `${format} data`);
  const pipeline = sharp(bytes, { ...limits, autoOrient: true, ignoreIcc: icc !== undefined && isSrgb(icc) });
  const { data, info } = await guard(name, () =>
    pipeline.removeAlpha().toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true }),
  );
  const samples = new Uint8Array(data.buffer, data.byteOffset, data.length);
  const image = makeImage(info.width, info.height, info.channels === 1 ? threefold(samples) : samples);
  // One channel, or grey with alpha: what the file holds, not what the pixels happen to be.
  return channels <= 2 ? { ...image, grey: true } : image;
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') {
      throw new DatasetError('readImage', `${path} does not exist`, 'check the path', { cause });
    }
    if (code === 'EISDIR') {
      throw new DatasetError('readImage', `${path} must be a file, got a folder`, 'name an image in it', { cause });
    }
    throw new DatasetError('readImage', `${path} cannot be read: ${code}`, 'check its permissions', { cause });
  }
}

async function guard<T extends Metadata | object>(name: string, decode: () => Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (cause) {
    const reason = (cause as Error).message.split('\n')[0]!.trim();
    if (/unsupported image format|Input Buffer is empty/i.test(reason)) throw notAnImage(name, 'other data', cause);
    if (/pixel limit/i.test(reason)) {
      throw new BrokenImageError('readImage', `${name} must have at most ${MAX_PIXELS} pixels`, 'cut it into parts', {
        cause,
      });
    }
    throw new BrokenImageError('readImage', `${name} is damaged or truncated: ${reason}`, 'fetch or export it again', {
      cause,
    });
  }
}

function notAnImage(name: string, got: string, cause?: unknown): BrokenImageError {
  return new BrokenImageError('readImage', `${name} must be an image file, got ${got}`, 'use PNG, JPEG or WebP', {
    cause,
  });
}

/** Whether a colour profile calls itself sRGB, in ASCII (version 2) or UTF-16 (version 4). */
function isSrgb(profile: Buffer): boolean {
  return profile.includes('sRGB', 0, 'latin1') || profile.includes('\0s\0R\0G\0B', 0, 'latin1');
}

function threefold(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) rgb.fill(grey[i]!, i * 3, i * 3 + 3);
  return rgb;
}
