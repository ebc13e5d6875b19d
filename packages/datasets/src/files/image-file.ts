/**
 * Image files as people have them: their own channels, bits and metadata, row by row.
 */
import { randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { DatasetError } from '../error.js';
import type { StoredFormat } from '../image.js';
import { exifOf, xmpOf } from './exif.js';
import { guard, type Header, readBytes, readHeader } from './header.js';
import { padColour, type Samples } from './pad-colour.js';

/** What an image has besides its samples. */
export interface ImageMetadata {
  /** Colour profile that the samples mean; sRGB without it. */
  readonly icc?: Uint8Array;
  /** Without the prefix of JPEG. */
  readonly exif?: Uint8Array;
  readonly xmp?: Uint8Array;
  /** Pixels per inch. */
  readonly density?: number;
}

/** An opened image file. */
export interface ImageFile {
  readonly name: string;
  /** Upright, as all that follows. */
  readonly width: number;
  readonly height: number;
  /** Grey, grey and alpha, RGB, RGB and alpha: interleaved. */
  readonly channels: 1 | 2 | 3 | 4;
  readonly alpha: boolean;
  readonly bitDepth: 8 | 16;
  readonly stored: StoredFormat;
  /** What was not taken over, and why: lines for people. */
  readonly notices: readonly string[];
  /** The metadata of the image enlarged to a size; nothing where it was to be stripped. */
  metadata(size: { readonly width: number; readonly height: number }): ImageMetadata;
  /** The samples from the top, whole rows. Colours under clear pixels are those of their neighbours. May be called several times. */
  rows(): AsyncGenerator<Samples, void>;
  /** Removes what lies on disk. */
  dispose(): Promise<void>;
}

/** How a file is opened. */
export interface OpenOptions {
  /** What the bytes are, for messages; by default the path. */
  readonly name?: string;
  /** Bits of a sample at most; 16-bit files are rounded to 8. Default 16. */
  readonly bitDepth?: 8 | 16;
  /** Page of a document or frame of an animation, from 1. Files of several are refused without it. */
  readonly page?: number | undefined;
  /** Leaves all metadata; colours are then converted to sRGB. */
  readonly strip?: boolean;
  /** Colour, as in CSS, that is laid under transparent pixels: no alpha is left. */
  readonly background?: string | undefined;
  /** Folder for samples that memory should not hold. */
  readonly scratch: string;
  /** Bytes of samples that memory may hold; more go to the disk. Default 64 MiB. */
  readonly memoryBytes?: number;
}

/** Bytes of samples that are given at a time, about. */
const CHUNK = 2 ** 20;
/** Bytes before the samples of a file of libvips. */
const VIPS_HEADER = 64;

/**
 * Opens an image file. Grey stays grey, alpha and 16 bits stay; palettes become RGB, CMYK is converted to sRGB by its profile. The orientation of EXIF is applied. Other samples
 * stay as stored, and keep their colour profile, unless all metadata is to be left.
 *
 * @param source a path, or the bytes of a file
 * @throws DatasetError and BrokenImageError as `readImage`
 *
 * @example
 * const file = await openImageFile('logo.png', { scratch: '.' });
 * for await (const samples of file.rows()) console.log(samples.length / file.channels);
 * await file.dispose();
 */
export async function openImageFile(source: string | Uint8Array, options: OpenOptions): Promise<ImageFile> {
  const name = options.name ?? (typeof source === 'string' ? source : 'image');
  const bytes = typeof source === 'string' ? await readBytes(source) : source;
  const header = await readHeader(bytes, name, options.page);
  const { stored, metadata } = header;
  const alpha = stored.alpha && options.background === undefined;
  const grey = stored.colour === 'grey';
  const channels = ((grey ? 1 : 3) + (alpha ? 1 : 0)) as ImageFile['channels'];
  const deep = metadata.depth === 'ushort';
  const bitDepth = deep && options.bitDepth !== 8 ? 16 : 8;
  const { width, height } = metadata.autoOrient;
  // Of grey with alpha, sharp would give the grey alone.
  const wide = grey && alpha;
  const pipeline = samplesOf(bytes, header, options, { grey: grey && !alpha, alpha, deep });
  const rowLength = width * (wide ? 4 : channels);
  const size = rowLength * height * (deep ? 2 : 1);
  const inMemory = size <= (options.memoryBytes ?? 2 ** 26);
  const decoded = inMemory ? await toMemory(name, pipeline, deep) : await toDisk(name, pipeline, options.scratch, deep);
  return {
    name,
    width,
    height,
    channels,
    alpha,
    bitDepth,
    stored,
    notices: noticesOf(name, header, options),
    metadata: (enlarged) => (options.strip ? {} : kept(header, enlarged)),
    rows: async function* () {
      const rows = decoded.chunks(rowLength, height);
      const own = wide ? firstAndLast(rows) : rows;
      const rounded = deep && bitDepth === 8 ? toEight(own) : own;
      yield* alpha ? padColour(rounded, { width, channels }) : rounded;
    },
    dispose: decoded.dispose,
  };
}

/** Whether samples are converted to sRGB, so that their profile goes. */
function isConverted({ stored }: Header, { strip }: OpenOptions): boolean {
  return stored.profile === 'converted' && (strip === true || stored.colour === 'cmyk');
}

function samplesOf(
  bytes: Uint8Array,
  header: Header,
  options: OpenOptions,
  { grey, alpha, deep }: { readonly grey: boolean; readonly alpha: boolean; readonly deep: boolean },
): Sharp {
  const { background } = options;
  const opened = sharp(bytes, { ...header.how, autoOrient: true, ignoreIcc: !isConverted(header, options) });
  const flat = background === undefined ? opened : opened.flatten({ background });
  const kept = alpha ? flat : flat.removeAlpha();
  const [one, three] = deep ? ['grey16', 'rgb16'] : ['b-w', 'srgb'];
  return kept.toColourspace((grey ? one : three) as string);
}

/** Decoded samples, to be gone through from the top. */
interface Decoded {
  chunks(rowLength: number, height: number): AsyncGenerator<Samples, void>;
  dispose(): Promise<void>;
}

async function toMemory(name: string, pipeline: Sharp, deep: boolean): Promise<Decoded> {
  const data = await decode(name, pipeline, deep);
  const samples = deep
    ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2)
    : new Uint8Array(data.buffer, data.byteOffset, data.length);
  return {
    chunks: async function* (rowLength) {
      const step = Math.max(1, Math.floor(CHUNK / rowLength)) * rowLength;
      for (let at = 0; at < samples.length; at += step) yield samples.subarray(at, at + step);
    },
    dispose: async () => {},
  };
}

/** By libvips's own format: a header, then the samples as they lie in memory. */
async function toDisk(name: string, pipeline: Sharp, scratch: string, deep: boolean): Promise<Decoded> {
  const path = join(scratch, `.fqsr-${randomBytes(8).toString('hex')}.v`);
  const remove = () => rm(path, { force: true });
  try {
    await spill(name, pipeline, path);
  } catch (error) {
    await remove();
    throw error;
  }
  const file = await open(path);
  // Where an open file may be removed, nothing is left whatever ends the process.
  await remove().catch(() => {});
  return {
    chunks: async function* (rowLength, height) {
      const rows = Math.max(1, Math.floor(CHUNK / rowLength));
      for (let y = 0, at = VIPS_HEADER; y < height; y += rows) {
        const bytes = new Uint8Array(rowLength * Math.min(rows, height - y) * (deep ? 2 : 1));
        const { bytesRead } = await file.read(bytes, 0, bytes.length, at);
        if (bytesRead < bytes.length) {
          throw new DatasetError('openImageFile', `${path} must hold all samples, got fewer`, 'leave it alone');
        }
        at += bytes.length;
        yield deep ? new Uint16Array(bytes.buffer) : bytes;
      }
    },
    dispose: async () => {
      await file.close();
      await remove();
    },
  };
}

// Functions of their own, so that nothing which is kept holds the pipeline, and with it the bytes of the file.

function decode(name: string, pipeline: Sharp, deep: boolean): Promise<Buffer> {
  return guard(name, () => pipeline.raw({ depth: deep ? 'ushort' : 'uchar' }).toBuffer());
}

function spill(name: string, pipeline: Sharp, path: string): Promise<object> {
  return guard(name, () => pipeline.toFile(path));
}

/** Grey and alpha of RGBA. */
async function* firstAndLast(rows: AsyncIterable<Samples>): AsyncGenerator<Samples, void> {
  for await (const chunk of rows) yield chunk.filter((_, i) => i % 4 === 0 || i % 4 === 3);
}

async function* toEight(rows: AsyncIterable<Samples>): AsyncGenerator<Samples, void> {
  for await (const chunk of rows) yield Uint8Array.from(chunk, (value) => Math.floor(value / 257 + 0.5));
}

function kept({ metadata, stored }: Header, size: { readonly width: number; readonly height: number }): ImageMetadata {
  const { icc, exif, xmp, density } = metadata;
  const corrected = exif && exifOf(exif, size);
  return {
    ...(icc && stored.colour !== 'cmyk' && { icc }),
    ...(corrected && { exif: corrected }),
    ...(xmp && { xmp: xmpOf(xmp) }),
    ...(density && { density }),
  };
}

function noticesOf(name: string, header: Header, options: OpenOptions): readonly string[] {
  const { stored, metadata } = header;
  const lines: string[] = [];
  if (metadata.depth === 'ushort' && options.bitDepth === 8) lines.push('16 bits a sample are rounded to 8');
  if (stored.colour === 'cmyk') lines.push('CMYK is converted to sRGB');
  if (metadata.iptc && !options.strip) lines.push('IPTC data is left');
  return lines.map((line) => `${name}: ${line}`);
}
