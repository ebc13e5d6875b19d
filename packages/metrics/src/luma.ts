/**
 * Colour planes that metrics are taken on. A one-channel image is its own plane, whatever the colour.
 */
import type { Image, Plane, Samples } from './image.js';

/**
 * ITU-R BT.601 luma in its studio range, not rounded: `Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255`, from 16 to 235.
 *
 * @example
 * luma(255, 255, 255); // 235
 */
export function luma(r: number, g: number, b: number): number {
  return 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255;
}

/**
 * {@link luma} as BasicSR computes it: samples as float32 in 0..1, the weighted sum in float64, the result as float32 in 0..1 and back to 0..255. It is not rounded to
 * integers; it differs from {@link luma} by less than 1e-4.
 *
 * @example
 * lumaSingle(255, 255, 255); // 235
 */
export function lumaSingle(r: number, g: number, b: number): number {
  const { fround } = Math;
  const sum = 65.481 * fround(r / 255) + 128.553 * fround(g / 255) + 24.966 * fround(b / 255) + 16;
  return fround(fround(sum / 255) * 255);
}

/** The value of a plane at a pixel whose first sample is `data[at]`. */
export type ColourAt = (data: Samples, at: number) => number;

/** Colours by name: the planes that are compared. */
export const colours = {
  y: [(data, at) => luma(data[at]!, data[at + 1]!, data[at + 2]!)],
  'y-single': [(data, at) => lumaSingle(data[at]!, data[at + 1]!, data[at + 2]!)],
  rgb: [(data, at) => data[at]!, (data, at) => data[at + 1]!, (data, at) => data[at + 2]!],
} satisfies Record<string, readonly ColourAt[]>;

const first: ColourAt = (data, at) => data[at]!;

/** Writes one plane of an image, without `crop` pixels on each side, over the samples of `out`, which has the cropped size. */
export function writePlane(image: Image, crop: number, colour: ColourAt, { width, height, data }: Plane): void {
  const { channels } = image;
  const value = channels === 1 ? first : colour;
  for (let y = 0, to = 0; y < height; y++) {
    let from = ((y + crop) * image.width + crop) * channels;
    for (let x = 0; x < width; x++, from += channels) data[to++] = value(image.data, from);
  }
}
