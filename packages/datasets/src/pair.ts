/**
 * Pairs of high- and low-resolution images.
 */
import { BrokenImageError, DatasetError } from './error.js';
import { type Image, modcrop } from './image.js';
import { resizeBicubic } from './resize.js';

/** What samples mean. */
export interface PixelFormat {
  readonly bitDepth: 8;
  /** Black and white. */
  readonly range: readonly [0, 255];
  /** Red, green and blue as in an sRGB file, gamma-encoded. */
  readonly colour: 'sRGB';
}

/**
 * What every sample of every {@link Image} and pair means, whatever its file held (`stored` of the image). Batches are the same numbers as float32. Whoever needs luma, another
 * range or linear light converts.
 */
export const pixelFormat: PixelFormat = Object.freeze({
  bitDepth: 8,
  range: Object.freeze([0, 255] as const),
  colour: 'sRGB',
});

/** `hr` is exactly `scale` times as wide and high as `lr`. */
export interface ImagePair {
  readonly name: string;
  readonly hr: Image;
  readonly lr: Image;
  readonly scale: number;
  /** What the samples of both images mean. What their files held is `hr.stored` and `lr.stored`. */
  readonly pixels: PixelFormat;
}

/**
 * A pair from a high-resolution image: cropped to a multiple of the scale, then downsampled by {@link resizeBicubic}.
 *
 * @throws DatasetError when the scale is not an integer from 1 to 16; BrokenImageError when the image is smaller than it
 */
export function pairFromHr(name: string, hr: Image, scale: number): ImagePair {
  const cropped = cropForScale(name, hr, scale);
  return Object.freeze({ name, hr: cropped, lr: resizeBicubic(cropped, 1 / scale), scale, pixels: pixelFormat });
}

/** An image cropped to a multiple of the scale. @throws BrokenImageError naming it when it is smaller than the scale */
export function cropForScale(name: string, hr: Image, scale: number): Image {
  if (Math.min(hr.width, hr.height) < scale) {
    throw new BrokenImageError(
      'pair',
      `${name} must be at least ${scale} pixels wide and high, got ${hr.width}x${hr.height}`,
      'leave it out',
    );
  }
  return modcrop(hr, scale);
}

/**
 * A pair of two images that were made elsewhere.
 *
 * @throws DatasetError when `hr` is not exactly `scale` times as large as `lr`
 */
export function makePair(name: string, hr: Image, lr: Image, scale: number): ImagePair {
  if (hr.width !== lr.width * scale || hr.height !== lr.height * scale) {
    throw new DatasetError(
      'makePair',
      `${name}: hr must be ${scale} times as large as lr, got ${hr.width}x${hr.height} and ${lr.width}x${lr.height}`,
      'check that both files belong together and to this scale',
    );
  }
  return Object.freeze({ name, hr, lr, scale, pixels: pixelFormat });
}
