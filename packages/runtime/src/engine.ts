/** A model ready to run on one backend. */
import type { Image } from './image.js';
import { referenceKernels } from './kernels/reference/index.js';
import type { IntegerModel } from './model.js';
import { planModel } from './plan.js';
import { execute, type Tap } from './run.js';

/** What runs images. */
export interface Engine {
  /** Elements, for each pixel of the input image, of the largest array that it needs as a whole. */
  readonly largest: number;
  /** Multiply-adds and the like for each pixel of the input image. */
  readonly work: number;
  /** Whether one image is run after another; else several may be interleaved. */
  readonly isExclusive: boolean;
  /**
   * Runs an image block by block; yields the work done so far, of `work * width * height`. Asynchronous where another device does the work.
   *
   * @param tap sees every stored tensor when it is complete
   */
  run(image: Image, tap?: Tap): Generator<number, Image> | AsyncGenerator<number, Image>;
  /** Frees what the host does not free by itself. */
  dispose(): void;
}

/** The reference backend: plain TypeScript. */
export function openReference(model: IntegerModel, where: string): Engine {
  const plan = planModel(model, referenceKernels, where);
  return {
    largest: plan.largest,
    work: plan.work,
    isExclusive: false,
    run: (image, tap) => execute(plan, image, tap),
    dispose: () => {},
  };
}
