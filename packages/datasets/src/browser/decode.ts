/// <reference lib="dom" />
/// <reference lib="dom.asynciterable" />
/**
 * Image files to RGB in browsers: by the platform's decoder where a canvas gives back what the file holds, else by `fast-png`, else refused by name.
 */
import { convertIndexedToRgb, type DecodedPng, decode as decodePng } from 'fast-png';
import { BrokenImageError, DatasetError } from '../error.js';
import { type Image, makeImage, type StoredFormat } from '../image.js';
import { damaged, fieldsOf, type Header, refused } from './header.js';
import { jpegHeader } from './jpeg-header.js';
import { pngHeader } from './png-header.js';
import { webpHeader } from './webp-header.js';

/** Pixels that a file may at most have: 16384 x 16384. */
const MAX_PIXELS = 2 ** 28;

/**
 * Fetches an image file and decodes it; see {@link decodeImage}.
 *
 * @param path an address
 * @throws DatasetError naming it when it is missing or cannot be reached, and what {@link decodeImage} throws
 */
export async function readImage(path: string): Promise<Image> {
  const response = await fetch(path).catch((cause: Error) => {
    throw new DatasetError('readImage', `${path} cannot be read: ${cause.message}`, 'check the connection', { cause });
  });
  if (response.status === 404) throw new DatasetError('readImage', `${path} does not exist`, 'check the path');
  if (!response.ok) {
    throw new DatasetError(
      'readImage',
      `${path} cannot be read: the server answers ${response.status}`,
      'check the path',
    );
  }
  return decodeImage(new Uint8Array(await response.arrayBuffer()), path);
}

/**
 * Decodes the bytes of a PNG, JPEG or WebP file to 8-bit RGB, to the same meaning as on Node: grey becomes three equal channels and the image says `grey`, of 16 bits the upper 8
 * stay, an alpha channel is dropped and the colours under it stay as stored, the orientation of EXIF is applied, sRGB and untagged samples stay as stored, other colour profiles
 * are applied by the browser. JPEG and lossy WebP may differ from Node by the rounding of their decoders.
 *
 * A canvas multiplies colours by alpha and has 8 bits: PNG files with alpha or 16 bits are decoded by `fast-png`. What neither decodes exactly is refused: CMYK and 12-bit JPEG,
 * WebP with alpha, a turned PNG or WebP, and a colour profile other than sRGB together with alpha or 16 bits.
 *
 * @param name what the bytes are, for messages
 * @throws BrokenImageError when it is no such image, damaged, truncated, refused, or larger than 2^28 pixels
 *
 * @example
 * const { width, height, data } = await decodeImage(new Uint8Array(await file.arrayBuffer()), file.name);
 */
export async function decodeImage(bytes: Uint8Array, name = 'image'): Promise<Image> {
  const header = await headerOf(bytes, name);
  const { width, height, profile, orientation, type } = header;
  if (width * height > MAX_PIXELS) {
    throw new BrokenImageError('readImage', `${name} must have at most ${MAX_PIXELS} pixels`, 'cut it into parts');
  }
  if (orientation !== 1 && type !== 'image/jpeg') throw refused(name, 'an orientation');
  const stored: StoredFormat = { ...header.stored, profile: profile ? profileOf(profile) : 'none' };
  const image = await pixelsOf(bytes, name, type, stored);
  return { ...image, stored, ...(stored.colour === 'grey' && { grey: true as const }) };
}

async function headerOf(bytes: Uint8Array, name: string): Promise<Header> {
  const file = fieldsOf(bytes, name);
  if (file.text(0, 8) === '\x89PNG\r\n\x1a\n') return pngHeader(file, name);
  if (file.text(0, 2) === '\xff\xd8') return jpegHeader(file, name);
  if (file.text(0, 4) === 'RIFF' && file.text(8, 4) === 'WEBP') return webpHeader(file, name);
  throw new BrokenImageError('readImage', `${name} must be an image file, got other data`, 'use PNG, JPEG or WebP');
}

async function pixelsOf(bytes: Uint8Array, name: string, type: Header['type'], stored: StoredFormat): Promise<Image> {
  const { alpha, bitDepth, profile } = stored;
  if (!alpha && bitDepth <= 8) return byPlatform(bytes, name, type, profile === 'converted' ? 'default' : 'none');
  if (type !== 'image/png') throw refused(name, 'an alpha channel');
  if (profile === 'converted') throw refused(name, `a colour profile and ${alpha ? 'an alpha channel' : '16 bits'}`);
  return byFastPng(bytes, name);
}

async function byPlatform(
  bytes: Uint8Array,
  name: string,
  type: string,
  colorSpaceConversion: ColorSpaceConversion,
): Promise<Image> {
  const blob = new Blob([bytes.slice()], { type });
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion, premultiplyAlpha: 'none' }).catch(
    (cause: Error) => {
      throw damaged(name, cause.message, cause);
    },
  );
  try {
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext('2d', {
      colorSpace: 'srgb',
      willReadFrequently: true,
    });
    if (!context)
      throw new DatasetError('readImage', `a canvas of ${width}x${height} must be free`, 'close other images');
    context.drawImage(bitmap, 0, 0);
    return fromChannels(width, height, 4, context.getImageData(0, 0, width, height).data);
  } finally {
    bitmap.close();
  }
}

function byFastPng(bytes: Uint8Array, name: string): Image {
  try {
    const png = decodePng(bytes, { checkCrc: true });
    const { width, height, depth, channels, palette } = png;
    if (palette) return fromChannels(width, height, palette[0]?.length ?? 3, convertIndexedToRgb(png));
    if (depth < 8) return fromChannels(width, height, channels, spread(png));
    return fromChannels(
      width,
      height,
      channels,
      depth === 16 ? Uint8Array.from(png.data, (value) => value >> 8) : png.data,
    );
  } catch (cause) {
    throw damaged(name, (cause as Error).message, cause);
  }
}

/** Packed grey samples of 1, 2 or 4 bits, spread over 0..255. */
function spread({ width, height, depth, data }: DecodedPng): Uint8Array {
  const perRow = Math.ceil((width * depth) / 8);
  const most = 2 ** depth - 1;
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const bit = (i % width) * depth;
    const byte = data[Math.floor(i / width) * perRow + (bit >> 3)]!;
    return (((byte >> (8 - depth - (bit & 7))) & most) * 255) / most;
  });
}

/** The colours of pixels of 1 (grey), 2 (grey, alpha), 3 or 4 (RGB, alpha) channels. */
function fromChannels(width: number, height: number, channels: number, data: ArrayLike<number>): Image {
  const image = makeImage(width, height);
  const [green, blue] = channels < 3 ? [0, 0] : [1, 2];
  for (let from = 0, to = 0; to < image.data.length; from += channels, to += 3) {
    image.data[to] = data[from]!;
    image.data[to + 1] = data[from + green]!;
    image.data[to + 2] = data[from + blue]!;
  }
  return image;
}

/** What becomes of a colour profile: one that calls itself sRGB, in ASCII (version 2) or UTF-16 (version 4), is not applied. */
function profileOf(icc: Uint8Array): StoredFormat['profile'] {
  const text = new TextDecoder('latin1').decode(icc);
  return text.includes('sRGB') || text.includes('\0s\0R\0G\0B') ? 'sRGB' : 'converted';
}
