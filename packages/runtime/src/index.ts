/**
 * `@fqsr/runtime`: runs integer super-resolution models. No dependencies; Node and browsers.
 */
import { type BackendName, type BackendOptions, checkOptions } from './backends.js';
import { RuntimeError } from './error.js';
import { readModel } from './format.js';
import { checkShape, checkSize, isSamples, type RowSource, type Strip } from './image.js';
import type { IntegerModel } from './model.js';
import { openPicture, type Picture, type Upscaled } from './pictures.js';
import type { RowInput } from './rows.js';
import { openSession, type Session, type UpscaleOptions } from './session.js';
import { type ModelSource, readSource } from './source.js';
import { openRemote } from './worker/client.js';
import { startWorker, type WorkerLike } from './worker/start.js';

export { type BackendName, backendNames } from './backends.js';
export { FormatError, RuntimeError } from './error.js';
export { parseModel, serializeModel, validateModel } from './format.js';
export type { AnyImage, Channels, Image, RowSource, Samples, Strip } from './image.js';
export type * from './model.js';
export type { Bitmap, Picture, PixelData, Upscaled } from './pictures.js';
export { runModel, type Tap } from './run.js';
export type { UpscaleOptions } from './session.js';
export type { ModelSource } from './source.js';
export { serveWorker } from './worker/serve.js';
export type { WorkerLike } from './worker/start.js';

export interface LoadOptions extends BackendOptions {
  /**
   * Where it runs. By default on a page in a worker, so that the page stays responsive, else in the calling thread; if the page's worker does not start, in the calling
   * thread too, as {@link Upscaler.where} and {@link Upscaler.why} say. `true` demands a worker, `false` the calling thread; a function makes the worker, which must
   * call `serveWorker`.
   */
  readonly worker?: boolean | (() => WorkerLike);
}

/** A loaded model. Several images may be upscaled at a time; the WASM and WebGPU backends take one after another. */
export interface Upscaler {
  readonly model: IntegerModel;
  /** What runs it. */
  readonly backend: BackendName;
  /** Threads that compute. */
  readonly threads: number;
  /** Where it runs: in a worker of its own, or in the thread that called `load`. */
  readonly where: 'worker' | 'here';
  /** Why there, in words. */
  readonly why: string;
  /**
   * Upscales an image. In the calling thread it lets the event loop run about every 30 ms.
   *
   * @param image RGB or RGBA, `width * height * channels` bytes, or on a page an `ImageData` or `ImageBitmap`; not changed. Alpha is upscaled by bicubic weights
   * @returns an image of the same kind, `model.scale` times as wide and high, whose data the caller owns
   * @throws RuntimeError for an image whose fields do not fit together, and after `dispose`
   */
  upscale<P extends Picture>(image: P, options?: UpscaleOptions): Promise<Upscaled<P>>;
  /**
   * Upscales an image of any size in bounded memory: strips of the result, full width, from the top, each as soon as it is there. Leave the loop, or call `return`, to give up.
   *
   * @param image as for `upscale`, or its samples in chunks as they come
   *
   * @example
   * for await (const { y, height, data } of upscaler.upscaleRows(image)) await file.write(data);
   */
  upscaleRows(image: Picture | RowSource, options?: UpscaleOptions): AsyncGenerator<Strip, void>;
  /** Frees the model's memory and stops what is running. May be called twice. */
  dispose(): void;
  [Symbol.dispose](): void;
}

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
  checkOptions(options);
  const bytes = await readSource(source);
  const { session, ...place } = await openPlace(bytes, options);
  const { model, backend, threads } = session;
  return {
    model,
    backend,
    threads,
    ...place,
    upscale: (image, upscaleOptions = {}) => upscale(session, image, upscaleOptions),
    upscaleRows: (image, upscaleOptions = {}) => upscaleRows(session, image, upscaleOptions),
    dispose: session.dispose,
    [Symbol.dispose]: session.dispose,
  };
}

interface Place extends Pick<Upscaler, 'where' | 'why'> {
  readonly session: Session;
}

/** Opens the model where it is to run. */
async function openPlace(bytes: Uint8Array, { worker, ...options }: LoadOptions): Promise<Place> {
  const here = async (why: string): Promise<Place> => ({
    session: await openSession(readModel(bytes), options),
    where: 'here',
    why,
  });
  if (worker === false) return here('worker is false');
  if (worker === undefined && Reflect.get(globalThis, 'document') === undefined) return here('this is no page');
  // Not `gpu`, which no message can carry.
  const { gpu: _, ...sent } = options;
  let started: WorkerLike;
  try {
    started = await workerFor(options, typeof worker === 'function' ? worker : undefined);
  } catch (cause) {
    const { message } = cause as Error;
    if (worker === undefined) return here(`no worker: ${message}`);
    throw new RuntimeError('load', `the host must start a worker, got ${message}`, 'leave worker out', { cause });
  }
  const asked = typeof worker === 'function' ? 'worker was given' : 'worker is true';
  return {
    session: await openRemote(started, bytes, sent),
    where: 'worker',
    why: worker === undefined ? 'a page stays responsive' : asked,
  };
}

/** @throws Error that says why there is none */
async function workerFor({ gpu, backend }: BackendOptions, make?: () => WorkerLike): Promise<WorkerLike> {
  if (gpu) throw new Error('gpu was given, which stays in its thread');
  const { worker, hasGpu } = await startWorker(make);
  if (backend !== 'webgpu' || hasGpu) return worker;
  worker.terminate();
  throw new Error('workers have no WebGPU here');
}

async function upscale<P extends Picture>(session: Session, picture: P, options: UpscaleOptions): Promise<Upscaled<P>> {
  const { input, room, result } = openPicture(picture, 'upscale');
  const { scale } = session.model;
  checkSize(input, scale ** 2 * input.channels, 'upscale');
  const [width, height] = [input.width * scale, input.height * scale];
  const length = width * input.channels;
  const data = room(length * height);
  for await (const strip of session.strips(input, data, options)) {
    // Strips that this thread made are views of the result.
    if (strip.data.buffer !== data.buffer) data.set(strip.data, strip.y * length);
  }
  return result(width, height, data);
}

async function* upscaleRows(
  session: Session,
  image: Picture | RowSource,
  options: UpscaleOptions,
): AsyncGenerator<Strip, void> {
  yield* session.strips(openRowInput(image), null, options);
}

function openRowInput(image: Picture | RowSource): RowInput {
  const data = image && 'data' in image ? image.data : undefined;
  if (typeof data !== 'object' || isSamples(data)) return openPicture(image as Picture, 'upscaleRows').input;
  checkShape(image as RowSource, 'upscaleRows');
  return image as RowSource;
}
