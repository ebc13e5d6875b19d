/**
 * Colour planes that metrics are taken on.
 */
import type { Image, Plane } from './image.js';

/**
 * ITU-R BT.601 luma in its studio range, not rounded: `Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255`, from 16 to 235.
 *
 * @example
 * luma(255, 255, 255); // 235
 */
export function luma(r: number, g: number, b: number): number {
  return 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255;
}

/** The luma plane of an image, without `crop` pixels on each side. */
export function lumaPlane(image: Image, crop: number): Plane {
  return plane(image, crop, (data, at) => luma(data[at]!, data[at + 1]!, data[at + 2]!));
}

/** The red (0), green (1) or blue (2) plane of an image, without `crop` pixels on each side. */
export function channelPlane(image: Image, crop: number, channel: 0 | 1 | 2): Plane {
  return plane(image, crop, (data, at) => data[at + channel]!);
}

function plane(image: Image, crop: number, value: (data: Uint8Array, at: number) => number): Plane {
  const width = image.width - 2 * crop;
  const height = image.height - 2 * crop;
  const data = new Float64Array(width * height);
  for (let y = 0, to = 0; y < height; y++) {
    let from = ((y + crop) * image.width + crop) * 3;
    for (let x = 0; x < width; x++, from += 3) data[to++] = value(image.data, from);
  }
  return { width, height, data };
}
