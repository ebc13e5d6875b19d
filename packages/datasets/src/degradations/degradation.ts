/**
 * What a degradation is: one step from a high- to a low-resolution image.
 */
import type { Random } from '../dead-leaves/random.js';
import type { Image } from '../image.js';

/**
 * One kind of step. `Options` is plain data that survives JSON. Steps are pure: whatever is random comes from `random`.
 */
export interface Degradation<Options extends object> {
  /** One line, for help texts. */
  readonly description: string;
  /** @throws DatasetError when an option is out of range */
  readonly check: (options: Options) => void;
  /** The image after the step, as large as before unless the step says otherwise. */
  readonly apply: (image: Image, options: Options, context: Context) => Image | Promise<Image>;
}

/** What a step may know besides its options. */
export interface Context {
  /** The step's own seeded sequence. */
  readonly random: Random;
  /** Downscaling factor from the image that the pipeline began with to its result. */
  readonly scale: number;
}
