/**
 * The image that everything here reads and makes.
 */
import { DatasetError } from './error.js';

/** What a file held before it was decoded to 8-bit RGB. */
export interface StoredFormat {
  readonly container: 'png' | 'jpeg' | 'webp' | 'tiff' | 'gif' | 'avif';
  /** Bits of a sample; of a palette, those of its colours. Of more than 8 the upper 8 are kept, fewer are spread over 0..255. */
  readonly bitDepth: number;
  readonly colour: 'grey' | 'rgb' | 'palette' | 'cmyk';
  /** Whether there was an alpha channel: it is dropped. */
  readonly alpha: boolean;
  /** `sRGB` was left as it is, like no profile at all; any other was `converted` to sRGB. */
  readonly profile: 'none' | 'sRGB' | 'converted';
}

/** An 8-bit RGB image: `data[(y * width + x) * 3 + c]`, values 0..255, `c` = 0 red, 1 green, 2 blue. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 3;
  readonly data: Uint8Array;
  /** Set when the file held one grey sample for each pixel: published tables measure such images on their grey values. */
  readonly grey?: true;
  /** What its file held, where the image comes from one. */
  readonly stored?: StoredFormat;
}

/**
 * An image from its samples.
 *
 * @param data `width * height * 3` samples, interleaved; kept, not copied. Zeros when left out.
 * @throws DatasetError when the size is not of positive integers or does not fit the samples
 *
 * @example
 * makeImage(2, 1, Uint8Array.of(255, 0, 0, 0, 0, 255)); // a red and a blue pixel
 */
export function makeImage(width: number, height: number, data: Uint8Array = new Uint8Array(width * height * 3)): Image {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new DatasetError(
      'makeImage',
      `width and height must be positive integers, got ${width}x${height}`,
      'correct the size',
    );
  }
  if (data.length !== width * height * 3) {
    throw new DatasetError(
      'makeImage',
      `data must hold ${width * height * 3} samples for ${width}x${height}, got ${data.length}`,
      'give interleaved RGB',
    );
  }
  return { width, height, channels: 3, data };
}

/**
 * A rectangle of an image, copied.
 *
 * @throws DatasetError when the rectangle does not lie inside the image
 */
export function crop(image: Image, x: number, y: number, width: number, height: number): Image {
  if (x < 0 || y < 0 || x + width > image.width || y + height > image.height) {
    throw new DatasetError(
      'crop',
      `the rectangle must lie inside ${image.width}x${image.height}, got ${width}x${height} at ${x},${y}`,
      'move or shrink it',
    );
  }
  const { grey, stored } = image;
  const out = { ...makeImage(width, height), ...(grey && { grey }), ...(stored && { stored }) };
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * image.width + x) * 3;
    out.data.set(image.data.subarray(from, from + width * 3), row * width * 3);
  }
  return out;
}

/**
 * Crops an image at its right and bottom to a multiple of the scale; the image itself when it is one already.
 *
 * @throws DatasetError when the scale is no positive integer, or larger than the image
 *
 * @example
 * modcrop(image, 4); // 481x321 becomes 480x320
 */
export function modcrop(image: Image, scale: number): Image {
  checkScale('modcrop', scale);
  const width = image.width - (image.width % scale);
  const height = image.height - (image.height % scale);
  if (width === 0 || height === 0) {
    throw new DatasetError(
      'modcrop',
      `the image must be at least ${scale} pixels wide and high, got ${image.width}x${image.height}`,
      'leave it out',
    );
  }
  return width === image.width && height === image.height ? image : crop(image, 0, 0, width, height);
}

/** @throws DatasetError when an upscaling factor is not an integer from 1 to 16 */
export function checkScale(where: string, scale: number): void {
  if (Number.isInteger(scale) && scale >= 1 && scale <= 16) return;
  throw new DatasetError(where, `scale must be an integer from 1 to 16, got ${scale}`, 'for example 2, 3 or 4');
}
