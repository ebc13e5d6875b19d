/** Images at the runtime's boundary. */
import { RuntimeError, show } from './error.js';

/** 8-bit samples, 0..255. */
export type Samples = Uint8Array | Uint8ClampedArray;

/** RGB, or RGB and alpha, not premultiplied. */
export type Channels = 3 | 4;

/** An RGB or RGBA image: rows from the top, pixels from the left, a byte for each channel (0..255), `data.length = width * height * channels`. */
export interface Image<C extends Channels = 3, Data extends Samples = Uint8Array> {
  readonly width: number;
  readonly height: number;
  readonly channels: C;
  readonly data: Data;
}

/** Any {@link Image}. */
export type AnyImage = Image<Channels, Samples>;

/** An image that is never in memory as a whole: `data` gives the same bytes in chunks of any length, for example a raw stream of Node. */
export interface RowSource {
  readonly width: number;
  readonly height: number;
  readonly channels: Channels;
  readonly data: AsyncIterable<Samples> | Iterable<Samples>;
}

/** Full-width rows of a result, the first of them its row `y`. */
export interface Strip extends Image<Channels, Samples> {
  readonly y: number;
}

/** Elements that one tensor or one image in memory may have: indices stay int32. */
export const MAX_ELEMENTS = 2 ** 31 - 1;

type Shape = Pick<AnyImage, 'width' | 'height' | 'channels'>;

function refuse(where: string, field: string, constraint: string, value: unknown, remedy: string): never {
  throw new RuntimeError(where, `image${field} must be ${constraint}, got ${show(value)}`, remedy);
}

/**
 * Checks the fields of an image or a {@link RowSource}, but for its data.
 *
 * @throws RuntimeError naming the field
 */
export function checkShape(image: Shape, where: string, allowed: readonly number[] = [3, 4]): void {
  if (typeof image !== 'object' || image === null) {
    refuse(where, '', '{ width, height, channels, data }', image, 'decode the file first');
  }
  const { width, height, channels } = image;
  for (const [field, size] of Object.entries({ width, height })) {
    if (!Number.isInteger(size) || size < 1)
      refuse(where, `.${field}`, 'an integer of 1 or more', size, 'pass its pixels');
  }
  if (allowed.includes(channels)) return;
  const remedy =
    allowed.length > 1 ? 'convert the image to RGB or RGBA' : 'convert the image to RGB; drop its alpha channel';
  refuse(where, '.channels', allowed.join(' or '), channels, remedy);
}

/**
 * Checks an image.
 *
 * @throws RuntimeError naming the field
 */
export function checkImage(image: AnyImage, where: string, allowed?: readonly number[]): void {
  checkShape(image, where, allowed);
  const { width, height, channels, data } = image;
  if (!isSamples(data)) refuse(where, '.data', 'a Uint8Array or Uint8ClampedArray', typeof data, 'pass 8-bit samples');
  const length = width * height * channels;
  if (data.length === length) return;
  const constraint = `${length} bytes long (${width} x ${height} x ${channels})`;
  refuse(where, '.data', constraint, data.length, 'pass interleaved samples');
}

/**
 * Checks that a result fits memory.
 *
 * @param perPixel elements that must be there at once for each pixel of the image
 * @throws RuntimeError for more than an array may have
 */
export function checkSize({ width, height }: Shape, perPixel: number, where: string): void {
  const limit = Math.floor(MAX_ELEMENTS / perPixel);
  if (width * height <= limit) return;
  refuse(where, '', `at most ${limit} pixels for this model`, width * height, 'load the model and use upscaleRows');
}

export function isSamples(data: unknown): data is Samples {
  return data instanceof Uint8Array || data instanceof Uint8ClampedArray;
}
