/**
 * The image that metrics read, and the checks that every metric makes before it compares two of them.
 */
import { MetricError } from './error.js';

/** Samples from 0 to 255: bytes, or floats that are taken as they are. */
export type Samples = Uint8Array | Uint8ClampedArray | Float32Array | Float64Array;

/** An RGB or one-channel image: `data[(y * width + x) * channels + c]`, values 0..255, `c` = 0 red, 1 green, 2 blue. One channel is luma or grey, as it is. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Samples;
}

/** One colour plane in float64, row by row, cropped: `data[y * width + x]`. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float64Array;
}

/**
 * Checks that two images may be compared: the same size and channels, and as many samples as these say.
 *
 * @param where name of the calling function, for messages
 * @throws MetricError otherwise; nothing is ever cropped to fit
 */
export function checkSameShape(where: string, sr: Image, hr: Image): void {
  for (const [name, { width, height, channels, data }] of Object.entries({ sr, hr })) {
    if ((channels !== 1 && channels !== 3) || data.length !== width * height * channels) {
      throw new MetricError(
        where,
        `${name} must hold width * height * 3 samples, or width * height of one channel, got ${data.length} for ${width}x${height}x${channels}`,
        'give RGB, three samples a pixel, or one channel',
      );
    }
  }
  if (sr.channels !== hr.channels) {
    throw new MetricError(
      where,
      `sr must have as many channels as hr, got ${sr.channels} and ${hr.channels}`,
      'give both in RGB, or both as one channel',
    );
  }
  if (sr.width !== hr.width || sr.height !== hr.height) {
    throw new MetricError(
      where,
      `sr must be as large as hr, got ${sr.width}x${sr.height} and ${hr.width}x${hr.height}`,
      'crop the high-resolution image to a multiple of the scale before it is downsampled',
    );
  }
}
