import { resizeBicubic } from '../resize.js';
import type { Degradation } from './degradation.js';

/** A change of size. */
export interface BicubicOptions {
  /** Of the sides, 1/16 to 4; when left out, the image gets the size of the result. */
  readonly factor?: number;
}

/** `resizeBicubic` by a factor. A pipeline whose result has another size than it should is resized once more at its end. */
export const bicubic = {
  description: 'bicubic resize',
  fields: { factor: { kind: 'number', low: 1 / 16, high: 4, optional: true } },
  apply: (image, { factor }, { scale, size }) => {
    if (factor !== undefined) return resizeBicubic(image, factor);
    const untouched = image.width === size.width * scale && image.height === size.height * scale;
    return resizeBicubic(image, untouched ? 1 / scale : size);
  },
} satisfies Degradation<BicubicOptions>;
