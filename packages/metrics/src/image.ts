/**
 * The image that metrics read, and the checks that every metric makes before it compares two of them.
 */
import { MetricError } from './error.js';

/** An 8-bit RGB image: `data[(y * width + x) * 3 + c]`, values 0..255, `c` = 0 red, 1 green, 2 blue. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 3;
  readonly data: Uint8Array;
}

/** One colour plane in float64, row by row, cropped: `data[y * width + x]`. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float64Array;
}

/**
 * Checks that two images may be compared: the same size, and as many samples as their size says.
 *
 * @param where name of the calling function, for messages
 * @throws MetricError otherwise; nothing is ever cropped to fit
 */
export function checkSameShape(where: string, sr: Image, hr: Image): void {
  for (const [name, { width, height, channels, data }] of Object.entries({ sr, hr })) {
    if (channels !== 3 || data.length !== width * height * 3) {
      throw new MetricError(
        where,
        `${name} must hold width * height * 3 samples, got ${data.length} for ${width}x${height}x${channels}`,
        'give 8-bit RGB, three samples a pixel',
      );
    }
  }
  if (sr.width !== hr.width || sr.height !== hr.height) {
    throw new MetricError(
      where,
      `sr must be as large as hr, got ${sr.width}x${sr.height} and ${hr.width}x${hr.height}`,
      'crop the high-resolution image to a multiple of the scale before it is downsampled',
    );
  }
}
