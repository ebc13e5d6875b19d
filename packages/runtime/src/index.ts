/**
 * `@fqsr/runtime`: runs integer super-resolution models. No dependencies; Node and browsers.
 */
import { RuntimeError, show } from './error.js';
import { parseModel } from './format.js';
import { checkImage, type Image } from './image.js';
import type { KernelTable } from './kernels/kernel.js';
import { referenceKernels } from './kernels/reference/index.js';
import type { IntegerModel } from './model.js';
import { type Plan, planModel } from './plan.js';
import { execute } from './run.js';
import { type ModelSource, readSource } from './source.js';
import { openTurns } from './turns.js';

export { FormatError, RuntimeError } from './error.js';
export { parseModel, serializeModel, validateModel } from './format.js';
export type { Image } from './image.js';
export type * from './model.js';
export { runModel, type Tap } from './run.js';
export type { ModelSource } from './source.js';

const backends = { reference: referenceKernels } satisfies Record<string, KernelTable>;

/** Name of a backend. All give the same bytes. */
export type BackendName = keyof typeof backends;

/** The names of all backends. */
export const backendNames = Object.keys(backends) as readonly BackendName[];

export interface LoadOptions {
  /** `reference` (the default): plain TypeScript, one thread. */
  readonly backend?: BackendName;
}

export interface UpscaleOptions {
  /** Called now and then with the work done and the total, both in multiply-adds; the last call has `done === total`. */
  onProgress?(done: number, total: number): void;
  /** Aborting rejects the promise with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A loaded model. Several images may be upscaled at a time. */
export interface Upscaler {
  readonly model: IntegerModel;
  /**
   * Upscales an image; lets the event loop run about every 30 ms.
   *
   * @param image uint8 RGB, `width * height * 3` bytes; not changed
   * @returns an image `model.scale` times as wide and high, whose data the caller owns
   * @throws RuntimeError for an image whose fields do not fit together, and after `dispose`
   */
  upscale(image: Image, options?: UpscaleOptions): Promise<Image>;
  /** Frees the model's memory and stops what is running. May be called twice. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** Longest run between two turns of the event loop, in milliseconds, a block more or less. */
const TURN_MS = 30;

/**
 * Loads a model: reads it, checks it completely and prepares its kernels.
 *
 * @param source the bytes of a `.fqsr` file, or its URL, or on Node its path
 * @throws RuntimeError when the source cannot be read or the backend is unknown
 * @throws FormatError when the file is damaged or breaks the rules of the format
 *
 * @example
 * using upscaler = await load('edsr-f16b4-x2-w4a4s8.fqsr');
 * const { width, height, data } = await upscaler.upscale({ width: 2, height: 2, channels: 3, data: new Uint8Array(12) });
 * // 4, 4, 48 bytes
 */
export async function load(source: ModelSource, { backend = 'reference' }: LoadOptions = {}): Promise<Upscaler> {
  if (!Object.hasOwn(backends, backend)) {
    const problem = `backend must be one of ${backendNames.join(', ')}, got ${show(backend)}`;
    throw new RuntimeError('load', problem, 'choose a known backend');
  }
  const model = parseModel(await readSource(source));
  const loaded: { plan: Plan | null } = { plan: planModel(model, backends[backend], 'load') };
  const dispose = () => {
    loaded.plan = null;
  };
  return {
    model,
    upscale: (image, options = {}) => upscale(loaded, image, options),
    dispose,
    [Symbol.dispose]: dispose,
  };
}

async function upscale(
  loaded: { readonly plan: Plan | null },
  image: Image,
  { onProgress, signal }: UpscaleOptions,
): Promise<Image> {
  const { plan } = loaded;
  if (plan === null) throw disposed();
  checkImage(image, plan.largest, 'upscale');
  signal?.throwIfAborted();
  const total = plan.work * image.width * image.height;
  const turns = openTurns();
  try {
    const run = execute(plan, image);
    let started = performance.now();
    for (;;) {
      const { done, value } = run.next();
      if (done) {
        onProgress?.(total, total);
        return value;
      }
      if (performance.now() - started < TURN_MS) continue;
      if (value < total) onProgress?.(value, total);
      await turns.next();
      signal?.throwIfAborted();
      if (loaded.plan === null) throw disposed();
      started = performance.now();
    }
  } finally {
    turns.close();
  }
}

function disposed(): RuntimeError {
  return new RuntimeError('upscale', 'upscaler must be in use, got a disposed one', 'load the model again');
}
