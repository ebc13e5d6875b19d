import type { MeasureOptions } from './conventions.js';
import type { Image } from './image.js';

/** A full-reference image metric; larger is better. */
export interface Metric {
  readonly description: string;
  /** `dB`, or `1` for a ratio. */
  readonly unit: 'dB' | '1';
  /** The value of two equal images. */
  readonly identical: number;
  /** Pixels that must be left after the crop, in width and in height. */
  readonly smallest: number;
  /** Compares the image under test with the ground truth. */
  readonly compare: (sr: Image, hr: Image, options: MeasureOptions) => number;
}
