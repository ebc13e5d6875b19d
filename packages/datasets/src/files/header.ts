/**
 * What stands before the samples of an image file: read and refused by sharp, without decoding any.
 */
import { open } from 'node:fs/promises';
import sharp, { type Metadata, type SharpOptions } from 'sharp';
import { BrokenImageError, DatasetError } from '../error.js';
import type { StoredFormat } from '../image.js';
import { isAnimatedPng, sniff } from './sniff.js';

/** Pixels that a file may at most have: 16384 x 16384. */
const MAX_PIXELS = 2 ** 28;
/** Bytes that a file may at most have. */
const MAX_BYTES = 2 ** 30;

/** A file's header. */
export interface Header {
  readonly stored: StoredFormat;
  readonly metadata: Metadata;
  /** How sharp opens it: with the same limits, at the same page. */
  readonly how: SharpOptions;
}

/**
 * Reads the header of an image file.
 *
 * @param name what the bytes are, for messages
 * @param page of an animation or a document, from 1; without it a file of several is refused
 * @throws BrokenImageError when it is no image, too large, of samples that have no range, animated, or has no such page
 */
export async function readHeader(bytes: Uint8Array, name: string, page?: number): Promise<Header> {
  const kind = sniff(bytes);
  if ('other' in kind) throw notAnImage(name, kind.other);
  const limits = { failOn: 'error', limitInputPixels: MAX_PIXELS } as const;
  const first = await guard(name, () => sharp(bytes, limits).metadata());
  checkPages(bytes, name, first, page);
  const how = page === undefined || page === 1 ? limits : { ...limits, page: page - 1 };
  const metadata = how === limits ? first : await guard(name, () => sharp(bytes, how).metadata());
  return { metadata, how, stored: storedFormat(name, kind.container, metadata) };
}

/** The bytes of an image file. @throws DatasetError naming it when it is missing or cannot be read; BrokenImageError when it is no image or larger than 1 GiB */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const { buffer, bytesRead } = await file.read(Buffer.alloc(1024), 0, 1024, 0);
      const kind = sniff(buffer.subarray(0, bytesRead));
      if ('other' in kind) throw notAnImage(path, kind.other);
      if (size > MAX_BYTES) {
        throw new BrokenImageError('readImage', `${path} must have at most ${MAX_BYTES} bytes, got ${size}`, 'cut it');
      }
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof DatasetError) throw cause;
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

/** Runs a decoder; what it says becomes one line. */
export async function guard<T>(name: string, decode: () => Promise<T>): Promise<T> {
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

function checkPages(bytes: Uint8Array, name: string, { format, pages = 1 }: Metadata, page: number | undefined): void {
  if (page !== undefined && page > pages) {
    throw new BrokenImageError('readImage', `${name} must have a page ${page}, got ${pages} pages`, 'choose another');
  }
  if (page !== undefined) return;
  if (pages > 1) {
    const what = format === 'tiff' ? 'pages' : 'frames';
    throw new BrokenImageError('readImage', `${name} must be one image, got ${pages} ${what}`, 'choose one, --page 1');
  }
  if (format === 'png' && isAnimatedPng(bytes)) {
    throw new BrokenImageError('readImage', `${name} must be one image, got an animated PNG`, 'choose --page 1');
  }
}

/** What the file holds, not what the pixels happen to be. @throws BrokenImageError for samples that have no range, and for HEVC */
function storedFormat(
  name: string,
  container: StoredFormat['container'],
  { depth, bitsPerSample, space, channels, compression, ...rest }: Metadata,
): StoredFormat {
  if (compression === 'hevc') throw notAnImage(name, 'HEIC, which is compressed by HEVC');
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

function notAnImage(name: string, got: string, cause?: unknown): BrokenImageError {
  const remedy = 'use PNG, JPEG, WebP, AVIF or TIFF';
  return new BrokenImageError('readImage', `${name} must be an image file, got ${got}`, remedy, { cause });
}

/** What becomes of a colour profile: one that calls itself sRGB, in ASCII (version 2) or UTF-16 (version 4), is not applied. */
function profileOf(icc: Buffer): StoredFormat['profile'] {
  const isSrgb = icc.includes('sRGB', 0, 'latin1') || icc.includes('\0s\0R\0G\0B', 0, 'latin1');
  return isSrgb ? 'sRGB' : 'converted';
}
