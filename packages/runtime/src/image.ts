/** Images at the runtime's boundary. */
import { RuntimeError, show } from './error.js';

/** An RGB image: rows from the top, pixels from the left, 3 bytes each (0..255), `data.length = width * height * 3`. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 3;
  readonly data: Uint8Array;
}

/** Elements that one tensor may have: indices stay int32. */
export const MAX_ELEMENTS = 2 ** 31 - 1;

/**
 * Checks an image before it is run.
 *
 * @param perPixel elements of the largest tensor for each pixel of the image
 * @throws RuntimeError naming the field
 */
export function checkImage(image: Image, perPixel: number, where: string): void {
  const refuse = (field: string, constraint: string, value: unknown, remedy: string): never => {
    throw new RuntimeError(where, `image${field} must be ${constraint}, got ${show(value)}`, remedy);
  };
  if (typeof image !== 'object' || image === null) {
    refuse('', '{ width, height, channels, data }', image, 'decode the file first');
  }
  const { width, height, channels, data } = image;
  for (const [field, size] of Object.entries({ width, height })) {
    if (!Number.isInteger(size) || size < 1) refuse(`.${field}`, 'an integer of 1 or more', size, 'pass its pixels');
  }
  if (channels !== 3) refuse('.channels', '3', channels, 'convert the image to RGB; drop its alpha channel');
  if (!(data instanceof Uint8Array)) refuse('.data', 'a Uint8Array', typeof data, 'pass 8-bit samples');
  const length = width * height * channels;
  if (data.length !== length) {
    refuse('.data', `${length} bytes long (${width} x ${height} x ${channels})`, data.length, 'pass interleaved RGB');
  }
  const limit = Math.floor(MAX_ELEMENTS / perPixel);
  if (width * height > limit) {
    refuse('', `at most ${limit} pixels for this model`, width * height, 'upscale it in tiles');
  }
}
