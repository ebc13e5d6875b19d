/** What browsers call images: `ImageData` and `ImageBitmap`, as images of this package and back. */
import { RuntimeError } from './error.js';
import { type AnyImage, checkImage, type Image, isSamples, type Samples } from './image.js';
import type { RowInput } from './rows.js';

/** A browser's `ImageData`: RGBA, not premultiplied. */
export interface PixelData {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
  readonly colorSpace: string;
}

/** A browser's `ImageBitmap`. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  close(): void;
}

/** Whatever can be upscaled. */
export type Picture = AnyImage | PixelData | Bitmap;

/** What a picture becomes: its own kind, with its own channels and array. */
export type Upscaled<P extends Picture> =
  P extends Image<infer C, infer Data>
    ? Image<C, Data extends Uint8ClampedArray ? Uint8ClampedArray<ArrayBuffer> : Uint8Array<ArrayBuffer>>
    : P;

/** A picture as rows, and its result as a picture. */
export interface Opened<P extends Picture> {
  readonly input: RowInput;
  /** An array of the picture's kind for the whole result. */
  room(length: number): Samples;
  result(width: number, height: number, data: Samples): Promise<Upscaled<P>>;
}

/** The canvas, `ImageData` and `createImageBitmap`, which have no types without the DOM library. */
interface Browser {
  readonly ImageData?: new (data: Samples, width: number, height: number, settings: object) => PixelData;
  readonly ImageBitmap?: new () => Bitmap;
  readonly OffscreenCanvas?: new (width: number, height: number) => Canvas;
  createImageBitmap?(source: PixelData, options: object): Promise<Bitmap>;
}
interface Canvas {
  getContext(kind: '2d', settings: object): Context | null;
}
interface Context {
  clearRect(x: number, y: number, width: number, height: number): void;
  drawImage(source: Bitmap, ...rectangles: readonly number[]): void;
  getImageData(x: number, y: number, width: number, height: number): PixelData;
}

/** Pixels of a bitmap that are read at a time. */
const CHUNK = 2 ** 18;

/** @throws RuntimeError for a picture whose fields do not fit together, or that this host cannot read */
export function openPicture<P extends Picture>(picture: P, where: string): Opened<P> {
  const browser = globalThis as Browser;
  if (browser.ImageData && picture instanceof browser.ImageData) return openPixels(picture, where, browser);
  if (browser.ImageBitmap && picture instanceof browser.ImageBitmap) return openBitmap(picture, browser);
  const image = picture as P & AnyImage;
  checkImage(image, where);
  return {
    input: image,
    room: (length) =>
      image.data instanceof Uint8ClampedArray ? new Uint8ClampedArray(length) : new Uint8Array(length),
    result: async (width, height, data) => ({ width, height, channels: image.channels, data }) as Upscaled<P>,
  };
}

function openPixels<P extends Picture>(pixels: P & PixelData, where: string, browser: Browser): Opened<P> {
  const { width, height, data, colorSpace } = pixels;
  if (!isSamples(data)) {
    throw new RuntimeError(where, 'an ImageData must have 8-bit samples, got floats', "make it with 'rgba-unorm8'");
  }
  return {
    input: { width, height, channels: 4, data },
    room: (length) => new Uint8ClampedArray(length),
    result: async (w, h, result) => newPixels(browser, w, h, result, colorSpace) as Upscaled<P>,
  };
}

function openBitmap<P extends Picture>(bitmap: P & Bitmap, browser: Browser): Opened<P> {
  const { width, height } = bitmap;
  return {
    input: { width, height, channels: 4, data: bitmapRows(bitmap, browser) },
    room: (length) => new Uint8ClampedArray(length),
    result: async (w, h, result) => {
      const made = browser.createImageBitmap?.(newPixels(browser, w, h, result, 'srgb'), { premultiplyAlpha: 'none' });
      return (await made) as Upscaled<P>;
    },
  };
}

/** A bitmap's samples in sRGB, some rows at a time, so that a page is not held up. */
async function* bitmapRows(bitmap: Bitmap, { OffscreenCanvas }: Browser): AsyncGenerator<Samples, void> {
  const { width, height } = bitmap;
  const rows = Math.min(height, Math.max(1, Math.floor(CHUNK / width)));
  const context = OffscreenCanvas && new OffscreenCanvas(width, rows).getContext('2d', { willReadFrequently: true });
  if (!context) {
    throw new RuntimeError(
      'upscale',
      'the host must have a canvas to read an ImageBitmap, got none',
      'pass its ImageData',
    );
  }
  for (let y = 0; y < height; y += rows) {
    const count = Math.min(rows, height - y);
    context.clearRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, y, width, count, 0, 0, width, count);
    yield context.getImageData(0, 0, width, count).data;
  }
}

function newPixels(
  { ImageData }: Browser,
  width: number,
  height: number,
  data: Samples,
  colorSpace: string,
): PixelData {
  if (ImageData) return new ImageData(data, width, height, { colorSpace });
  throw new RuntimeError('upscale', 'the host must have ImageData, got none', 'pass { width, height, channels, data }');
}
