/**
 * Image files to RGB, by sharp.
 */
import { readFile } from 'node:fs/promises';
import sharp, { type Metadata } from 'sharp';
import { BrokenImageError, DatasetError } from './error.js';
import { type Image, makeImage, type StoredFormat } from './image.js';

/** Formats that are decoded, as sharp and as we call them; vector graphics are not images here. */
const containers: Readonly<Record<string, StoredFormat['container']>> = {
  png: 'png',
  jpeg: 'jpeg',
  webp: 'webp',
  tiff: 'tiff',
  gif: 'gif',
  heif: 'avif',
};

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
  const metadata = await guard(name, () => sharp(bytes, limits).metadata());
  const stored = storedFormat(name, metadata);
  const pipeline = sharp(bytes, { ...limits, autoOrient: true, ignoreIcc: stored.profile === 'sRGB' });
  const { data, info } = await guard(name, () =>
    pipeline.removeAlpha().toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true }),
  );
  const samples = new Uint8Array(data.buffer, data.byteOffset, data.length);
  const image = makeImage(info.width, info.height, info.channels === 1 ? threefold(samples) : samples);
  return { ...image, stored, ...(stored.colour === 'grey' && { grey: true }) };
}

/** What the file holds, not what the pixels happen to be. @throws BrokenImageError when it is no image, or of samples that have no range */
function storedFormat(
  name: string,
  { format, depth, bitsPerSample, space, channels, ...rest }: Metadata,
): StoredFormat {
  const container = containers[format];
  if (!container) throw notAnImage(name, `${format} data`);
  if (depth !== 'uchar' && depth !== 'ushort') {
    throw new BrokenImageError('readImage', `${name} must have samples of 1 to 16 bits, got ${depth}`, 'convert it');
  }
  const { isPalette = false, hasAlpha = false, icc } = rest;
  const bits = bitsPerSample ?? (depth === 'ushort' ? 16 : 8);
  const inRgb = space === 'cmyk' ? 'cmyk' : 'rgb';
  const plain = channels <= 2 ? 'grey' : inRgb;
  return {
    container,
    bitDepth: isPalette ? 8 : bits,
    colour: isPalette ? 'palette' : plain,
    alpha: hasAlpha,
    profile: icc === undefined ? 'none' : profileOf(icc),
  };
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

/** What becomes of a colour profile: one that calls itself sRGB, in ASCII (version 2) or UTF-16 (version 4), is not applied. */
function profileOf(icc: Buffer): StoredFormat['profile'] {
  const isSrgb = icc.includes('sRGB', 0, 'latin1') || icc.includes('\0s\0R\0G\0B', 0, 'latin1');
  return isSrgb ? 'sRGB' : 'converted';
}

function threefold(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) rgb.fill(grey[i]!, i * 3, i * 3 + 3);
  return rgb;
}
