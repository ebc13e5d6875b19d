/** A model ready to run on one backend. */
import type { Image } from './image.js';
import { referenceKernels } from './kernels/reference/index.js';
import { layoutModel } from './layout.js';
import type { CheckedModel } from './model-info.js';
import { planModel } from './plan.js';
import type { Port } from './port.js';
import { execute, type Tap } from './run.js';
import { cutForPort, leastArea, reachOf, runTiles } from './tiles.js';

/** What runs images. */
export interface Engine {
  /** Upscaling factor. */
  readonly scale: number;
  /** Multiply-adds and the like for each pixel of the input image. */
  readonly work: number;
  /** Bytes that may be held beside the model, an image and its result. */
  readonly memoryBytes: number;
  /** Threads that compute, the caller's included. */
  readonly threads: number;
  /** Whether one image is run after another; else several may be interleaved. */
  readonly isExclusive: boolean;
  /**
   * Runs an image as a whole, or on a GPU as it fits; yields the work done so far, of `work * width * height`. Asynchronous where another device does the work.
   *
   * @param tap sees every stored tensor when it is complete
   */
  run(image: Image, tap?: Tap): Generator<number, Image> | AsyncGenerator<number, Image>;
  /** Runs an image of any size in bounded memory, rows in and rows out. Yields the same, also when it waits for rows. */
  stream(port: Port): Generator<number, void> | AsyncGenerator<number, void>;
  /** Frees what the host does not free by itself. */
  dispose(): void;
}

/** The reference backend: plain TypeScript, whose tensors are whole; so large images go in tiles. */
export function openReference(checked: CheckedModel, { memoryBytes }: { memoryBytes: number }): Engine {
  const plan = planModel(checked, referenceKernels);
  const reach = reachOf(layoutModel(checked));
  const perPixel = plan.slots.reduce((sum, bytes) => sum + bytes, 3 + 3 * plan.scale ** 2);
  const area = Math.max(leastArea(reach), Math.floor(memoryBytes / perPixel));
  return {
    scale: plan.scale,
    work: plan.work,
    memoryBytes,
    threads: 1,
    isExclusive: false,
    run: (image, tap) => execute(plan, image, tap),
    stream: (port) => {
      const room = { area, width: Number.POSITIVE_INFINITY, height: Number.POSITIVE_INFINITY };
      return runTiles(port, cutForPort(port, reach, room), plan, (image) => execute(plan, image));
    },
    dispose: () => {},
  };
}
