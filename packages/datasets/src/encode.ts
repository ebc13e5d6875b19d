/**
 * RGB images to files, by sharp.
 */
import { extname } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { DatasetError } from './error.js';
import type { Image } from './image.js';

const encoders = {
  '.png': (pipeline) => pipeline.png({ compressionLevel: 6 }),
  '.jpg': (pipeline) => pipeline.jpeg({ quality: 95, chromaSubsampling: '4:4:4' }),
  '.jpeg': (pipeline) => pipeline.jpeg({ quality: 95, chromaSubsampling: '4:4:4' }),
  '.webp': (pipeline) => pipeline.webp({ lossless: true }),
} satisfies Record<string, (pipeline: Sharp) => Sharp>;

/** Extensions that {@link encodeImage} knows: `.png`, `.jpg`, `.jpeg`, `.webp`. */
export const encodableExtensions = Object.keys(encoders) as readonly (keyof typeof encoders)[];

/** An image as the bytes of a PNG file. */
export async function encodePng(image: Image): Promise<Uint8Array> {
  return encodeImage(image, '.png');
}

/**
 * An image as the bytes of a file: PNG and WebP lossless, JPEG of quality 95 without chroma subsampling.
 *
 * @param path name of the file to be, or its extension alone; only the extension counts
 * @throws DatasetError when the extension is none of {@link encodableExtensions}
 *
 * @example
 * await writeFile('out.webp', await encodeImage(image, 'out.webp'));
 */
export async function encodeImage(image: Image, path: string): Promise<Uint8Array> {
  const { width, height, channels } = image;
  const raw = sharp(image.data, { raw: { width, height, channels } });
  const bytes = await encoderOf(path)(raw).toBuffer();
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** How a file of that name, or extension, is encoded. @throws DatasetError when it is none of {@link encodableExtensions} */
export function encoderOf(path: string): (pipeline: Sharp) => Sharp {
  const wanted = (extname(path) || path).toLowerCase();
  const extension = encodableExtensions.find((each) => each === wanted);
  if (extension) return encoders[extension];
  throw new DatasetError(
    'encodeImage',
    `${path} must end in ${encodableExtensions.join(', ')}`,
    'name an output format by its extension',
  );
}
