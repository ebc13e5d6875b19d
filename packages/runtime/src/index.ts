/**
 * `@fqsr/runtime`: runs integer super-resolution models. No dependencies; Node and browsers.
 */
import { type Engine, openReference } from './engine.js';
import { RuntimeError, show } from './error.js';
import { parseModel } from './format.js';
import { checkImage, type Image } from './image.js';
import { openWasm } from './kernels/wasm/engine.js';
import { hasSimd } from './kernels/wasm/machine.js';
import { availableThreads } from './kernels/wasm/threads.js';
import { openWebgpu } from './kernels/webgpu/engine.js';
import type { IntegerModel } from './model.js';
import { type ModelSource, readSource } from './source.js';
import { openTurns } from './turns.js';

export { FormatError, RuntimeError } from './error.js';
export { parseModel, serializeModel, validateModel } from './format.js';
export type { Image } from './image.js';
export type * from './model.js';
export { runModel, type Tap } from './run.js';
export type { ModelSource } from './source.js';

const backends = {
  reference: (model) => Promise.resolve(openReference(model, 'load')),
  wasm: (model, { memoryBytes = MEMORY_BYTES, threads }) =>
    openWasm(model, 'load', { memoryBytes, threads: threadsFor(threads) }),
  webgpu: (model, { memoryBytes = GPU_MEMORY_BYTES, gpu }) => openWebgpu(model, 'load', { memoryBytes, gpu }),
} satisfies Record<string, (model: IntegerModel, options: LoadOptions) => Promise<Engine>>;

/** Name of a backend. All give the same bytes. */
export type BackendName = keyof typeof backends;

/** The names of all backends. */
export const backendNames = Object.keys(backends) as readonly BackendName[];

/** What rings of rows may take, unless the caller says otherwise. */
const MEMORY_BYTES = 64 * 2 ** 20;
/** What a GPU's tensors may take, unless the caller says otherwise; it bounds a submission too, which must not hold up the display for seconds. */
const GPU_MEMORY_BYTES = 256 * 2 ** 20;

export interface LoadOptions {
  /**
   * `wasm`: WebAssembly with SIMD; `webgpu`: the host's GPU; `reference`: plain TypeScript; `auto` (the default): `wasm` where the host has it, else `reference`,
   * as {@link Upscaler.backend} says. `auto` takes no GPU, since an adapter does not tell whether it is faster than the processor: software adapters are far slower.
   */
  readonly backend?: BackendName | 'auto';
  /**
   * Bytes that may be held beside the model, the image and the result. WASM: of rows, at least 4 of them, 64 MiB by default. WebGPU: of a tile's tensors, at least 16
   * pixels a side and what the network sees around them, 256 MiB by default.
   */
  readonly memoryBytes?: number;
  /**
   * Threads of the WASM backend, the caller's included; by default as many as the host runs at a time, at most 4. On a page they need cross-origin isolation; without
   * it there is one.
   */
  readonly threads?: number;
  /** The WebGPU backend's `GPU`, by default `navigator.gpu`. On Node: `create([])` of the package `webgpu`; keep it for as long as the upscaler. */
  readonly gpu?: object | undefined;
}

/** Most threads by default. */
const THREADS = 4;

function threadsFor(asked: number | undefined): number {
  if (asked === undefined) return Math.min(THREADS, availableThreads());
  if (Number.isInteger(asked) && asked >= 1 && asked <= 64) return typeof SharedArrayBuffer === 'undefined' ? 1 : asked;
  throw new RuntimeError('load', `threads must be an integer from 1 to 64, got ${show(asked)}`, 'leave it out');
}

export interface UpscaleOptions {
  /** Called now and then with the work done and the total, both in multiply-adds; the last call has `done === total`. */
  onProgress?(done: number, total: number): void;
  /** Aborting rejects the promise with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A loaded model. Several images may be upscaled at a time; the WASM and WebGPU backends take one after another. */
export interface Upscaler {
  readonly model: IntegerModel;
  /** What runs it. */
  readonly backend: BackendName;
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
 * @throws RuntimeError when the source cannot be read, or the backend is unknown or not to be had on this host
 * @throws FormatError when the file is damaged or breaks the rules of the format
 *
 * @example
 * using upscaler = await load('edsr-f16b4-x2-w4a4s8.fqsr');
 * const { width, height, data } = await upscaler.upscale({ width: 2, height: 2, channels: 3, data: new Uint8Array(12) });
 * // 4, 4, 48 bytes
 */
export async function load(source: ModelSource, options: LoadOptions = {}): Promise<Upscaler> {
  const { backend = 'auto' } = options;
  if (backend !== 'auto' && !Object.hasOwn(backends, backend)) {
    const problem = `backend must be one of auto, ${backendNames.join(', ')}, got ${show(backend)}`;
    throw new RuntimeError('load', problem, 'choose a known backend');
  }
  const model = parseModel(await readSource(source));
  const chosen = backend === 'auto' ? (hasSimd() ? 'wasm' : 'reference') : backend;
  const loaded: Loaded = { engine: await backends[chosen](model, options), queue: Promise.resolve() };
  const dispose = () => {
    loaded.engine?.dispose();
    loaded.engine = null;
  };
  return {
    model,
    backend: chosen,
    upscale: (image, upscaleOptions = {}) => upscale(loaded, image, upscaleOptions),
    dispose,
    [Symbol.dispose]: dispose,
  };
}

/** A loaded model's engine, until it is disposed, and the last of the runs that wait for each other. */
interface Loaded {
  engine: Engine | null;
  queue: Promise<unknown>;
}

async function upscale(loaded: Loaded, image: Image, options: UpscaleOptions): Promise<Image> {
  const { engine } = loaded;
  if (engine === null) throw disposed();
  checkImage(image, engine.largest, 'upscale');
  options.signal?.throwIfAborted();
  if (!engine.isExclusive) return run(loaded, image, options);
  const before = loaded.queue;
  const own = before.then(
    () => run(loaded, image, options),
    () => run(loaded, image, options),
  );
  loaded.queue = own;
  return own;
}

async function run(loaded: Loaded, image: Image, { onProgress, signal }: UpscaleOptions): Promise<Image> {
  const { engine } = loaded;
  if (engine === null) throw disposed();
  signal?.throwIfAborted();
  const total = engine.work * image.width * image.height;
  const turns = openTurns();
  const work = engine.run(image);
  try {
    let started = performance.now();
    for (;;) {
      // A synchronous engine is left between its blocks only when the event loop gets its turn, below.
      const step = work.next();
      const { done, value } = step instanceof Promise ? await step : step;
      if (done) {
        onProgress?.(total, total);
        return value;
      }
      if (performance.now() - started < TURN_MS) continue;
      if (value < total) onProgress?.(value, total);
      await turns.next();
      signal?.throwIfAborted();
      if (loaded.engine === null) throw disposed();
      started = performance.now();
    }
  } finally {
    turns.close();
    // Given up on the way, it ends in order: its threads finish their blocks.
    await work.return(undefined as never);
  }
}

function disposed(): RuntimeError {
  return new RuntimeError('upscale', 'upscaler must be in use, got a disposed one', 'load the model again');
}
