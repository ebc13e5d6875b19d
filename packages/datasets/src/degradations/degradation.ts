/**
 * What a degradation is: one step from a high- to a low-resolution image.
 */
import type { Random } from '../dead-leaves/random.js';
import type { Image } from '../image.js';
import type { Size } from '../resize.js';

/** What an option may be: a number of a range, a switch, or one of some words. */
export type Field =
  | { readonly kind: 'number'; readonly low: number; readonly high: number; readonly optional?: true }
  | { readonly kind: 'switch' }
  | { readonly kind: 'word'; readonly words: readonly string[] };

/**
 * One kind of step. `Options` is plain data that survives JSON. Steps are pure: whatever is random comes from `random`.
 */
export interface Degradation<Options extends object> {
  /** One line, for help texts. */
  readonly description: string;
  /** The options; those of a switch or a word may be left out. */
  readonly fields: { readonly [Name in keyof Options]-?: Field };
  /** The image after the step, as large as before unless the step says otherwise. */
  readonly apply: (image: Image, options: Options, context: Context) => Image | Promise<Image>;
}

/** What a step may know besides its options. */
export interface Context {
  /** The step's own seeded sequence. */
  readonly random: Random;
  /** Downscaling factor from the image that the pipeline began with to its result. */
  readonly scale: number;
  /** Size of the result. */
  readonly size: Size;
}
