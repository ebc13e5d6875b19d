import { resizeBicubic } from '../resize.js';
import { checkRange } from './check.js';
import type { Degradation } from './degradation.js';

/** A change of size. */
export interface BicubicOptions {
  /** Of the sides, 1/16 to 4; `1 / scale` when left out. */
  readonly factor?: number;
}

/** `resizeBicubic` by a factor. A pipeline whose result has another size than it should is resized once more at its end. */
export const bicubic = {
  description: 'bicubic resize',
  check: ({ factor = 1 }) => checkRange('bicubic', 'factor', factor, 1 / 16, 4),
  apply: (image, { factor }, { scale }) => resizeBicubic(image, factor ?? 1 / scale),
} satisfies Degradation<BicubicOptions>;
