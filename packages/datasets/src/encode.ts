/**
 * Images to files, by sharp.
 */
import { extname } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { DatasetError } from './error.js';
import type { Image } from './image.js';

/** How lossy formats are written. */
export interface Quality {
  /** 1..100, of JPEG, WebP and AVIF. Left out, JPEG has 95, AVIF 90, and WebP is lossless. */
  readonly quality?: number | undefined;
  /** Chroma of JPEG and AVIF. Default `4:4:4`, all of it. */
  readonly chroma?: '4:4:4' | '4:2:0' | undefined;
}

/** What an image takes while it is encoded. */
interface Encoded extends Quality {
  readonly width: number;
  readonly height: number;
  /** Pixels per inch, which the pipeline tells the other formats by itself. */
  readonly density?: number | undefined;
}

/** A format: what it can hold, and its encoder. */
interface Encoder {
  /** Bits of a sample at most. */
  readonly bitDepth: 8 | 16;
  readonly alpha: boolean;
  /** Largest width and height, in pixels. */
  readonly side: number;
  /** Which options of {@link Quality} mean something. */
  readonly options: readonly (keyof Quality)[];
  /** Metadata that it keeps. */
  readonly keeps: readonly ('icc' | 'exif' | 'xmp')[];
  readonly encode: (pipeline: Sharp, options: Encoded) => Sharp;
}

const all = ['icc', 'exif', 'xmp'] as const;

const png = {
  bitDepth: 16,
  alpha: true,
  side: 2 ** 31 - 1,
  options: [],
  keeps: all,
  encode: (pipeline) => pipeline.png({ compressionLevel: 6 }),
} satisfies Encoder;

const jpeg = {
  bitDepth: 8,
  alpha: false,
  side: 65535,
  options: ['quality', 'chroma'],
  keeps: all,
  encode: (pipeline, { quality = 95, chroma = '4:4:4' }) => pipeline.jpeg({ quality, chromaSubsampling: chroma }),
} satisfies Encoder;

const webp = {
  bitDepth: 8,
  alpha: true,
  side: 16383,
  options: ['quality'],
  keeps: all,
  encode: (pipeline, { quality }) => pipeline.webp(quality === undefined ? { lossless: true } : { quality }),
} satisfies Encoder;

const avif = {
  bitDepth: 8,
  alpha: true,
  side: 16384,
  options: ['quality', 'chroma'],
  keeps: all,
  encode: (pipeline, { quality = 90, chroma = '4:4:4' }) => pipeline.avif({ quality, chromaSubsampling: chroma }),
} satisfies Encoder;

/** Bytes from which a TIFF file needs addresses of 64 bits. */
const BIG_TIFF = 2 ** 31;

const tiff = {
  bitDepth: 16,
  alpha: true,
  side: 2 ** 31 - 1,
  options: [],
  keeps: ['icc', 'xmp'],
  encode: (pipeline, { width, height, density }) => {
    const inMillimetres = density && { xres: density / 25.4, yres: density / 25.4, resolutionUnit: 'inch' as const };
    const bigtiff = width * height * 8 > BIG_TIFF;
    return pipeline.tiff({ compression: 'deflate', predictor: 'horizontal', bigtiff, ...inMillimetres });
  },
} satisfies Encoder;

const encoders = {
  '.png': png,
  '.jpg': jpeg,
  '.jpeg': jpeg,
  '.webp': webp,
  '.avif': avif,
  '.tif': tiff,
  '.tiff': tiff,
} satisfies Record<string, Encoder>;

/** Extensions that {@link encodeImage} knows: `.png`, `.jpg`, `.jpeg`, `.webp`, `.avif`, `.tif`, `.tiff`. */
export const encodableExtensions = Object.keys(encoders) as readonly (keyof typeof encoders)[];

/** An image as the bytes of a PNG file. */
export async function encodePng(image: Image): Promise<Uint8Array> {
  return encodeImage(image, '.png');
}

/**
 * An image as the bytes of a file: PNG, TIFF and WebP lossless, JPEG of quality 95 and AVIF of quality 90 without chroma subsampling, unless the quality is given.
 *
 * @param path name of the file to be, or its extension alone; only the extension counts
 * @throws DatasetError when the extension is none of {@link encodableExtensions}
 *
 * @example
 * await writeFile('out.webp', await encodeImage(image, 'out.webp'));
 */
export async function encodeImage(image: Image, path: string, quality: Quality = {}): Promise<Uint8Array> {
  const { width, height, channels } = image;
  const raw = sharp(image.data, { raw: { width, height, channels } });
  const bytes = await encoderOf(path)
    .encode(raw, { width, height, ...quality })
    .toBuffer();
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** How a file of that name, or extension, is encoded. @throws DatasetError when it is none of {@link encodableExtensions} */
export function encoderOf(path: string): Encoder {
  const wanted = (extname(path) || path).toLowerCase();
  const extension = encodableExtensions.find((each) => each === wanted);
  if (extension) return encoders[extension];
  throw new DatasetError(
    'encodeImage',
    `${path} must end in ${encodableExtensions.join(', ')}`,
    'name an output format by its extension',
  );
}

/** What a file of that name can hold. @throws DatasetError when its extension is none of {@link encodableExtensions} */
export function formatOf(path: string): Omit<Encoder, 'encode'> {
  const { encode: _, ...format } = encoderOf(path);
  return format;
}
