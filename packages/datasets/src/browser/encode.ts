/**
 * RGB images to files in browsers.
 */
import { encode } from 'fast-png';
import { DatasetError } from '../error.js';
import type { Image } from '../image.js';

/** Extensions that {@link encodeImage} knows in browsers: `.png`. */
export const encodableExtensions = ['.png'] as const;

/** An image as the bytes of a PNG file. */
export async function encodePng({ width, height, channels, data }: Image): Promise<Uint8Array> {
  return encode({ width, height, channels, depth: 8, data });
}

/**
 * An image as the bytes of a file. Browsers promise nothing of the quality and the lossless mode of their own encoders, so that this is PNG alone.
 *
 * @throws DatasetError when the extension is none of {@link encodableExtensions}
 */
export async function encodeImage(image: Image, path: string): Promise<Uint8Array> {
  if (path.toLowerCase().endsWith('.png')) return encodePng(image);
  throw new DatasetError('encodeImage', `${path} must end in .png`, 'name an output format by its extension');
}
