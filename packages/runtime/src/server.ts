/**
 * `@fqsr/runtime/server`: models for services on Node, in threads of their own. What comes in is bounded before anything is decoded: its bytes, its pixels, how many wait, and for how long.
 */
import { availableParallelism } from 'node:os';
import type { BackendOptions } from './backends.js';
import { RuntimeError, show } from './error.js';
import { type AnyImage, checkImage } from './image.js';
import { ImageError, LimitError, ServerError, TimeoutError } from './server/errors.js';
import { type Header, readHeader } from './server/header.js';
import type { Facts, Start } from './server/protocol.js';
import { openQueue } from './server/queue.js';
import { openThread, type Thread } from './server/thread.js';
import { disposed } from './session.js';
import { type ModelSource, readSource } from './source.js';

export { BusyError, ImageError, LimitError, ServerError, TimeoutError } from './server/errors.js';
export { type Header, readHeader } from './server/header.js';

/** What a service allows. */
export interface ServerOptions extends Pick<BackendOptions, 'memoryBytes'> {
  /** `auto`, `wasm` or `reference`: each thread has a model of its own. */
  readonly backend?: 'auto' | 'wasm' | 'reference';
  /** Images at a time, each on one thread: as many as the host runs at a time by default, at most 4. */
  readonly threads?: number;
  /** Images that may wait, 16 by default. */
  readonly queue?: number;
  /** Milliseconds that a request may take, 30,000 by default, waiting, decoding and encoding included. */
  readonly timeoutMs?: number;
  /** Bytes of a file, 2^24 (16 MiB) by default. */
  readonly maxBytes?: number;
  /** Pixels of an image, 2^22 (4 megapixels) by default. */
  readonly maxPixels?: number;
}

/** How files become images and back: what a service has for that, sharp for example. */
export interface Codec {
  /** Gets what the header said, which is within the limits. What it throws is reported as a damaged image. */
  decode(bytes: Uint8Array, header: Header): Promise<AnyImage>;
  encode(image: AnyImage): Promise<Uint8Array>;
}

/** What may be said of a request. */
export interface ServeOptions {
  /** Aborting rejects with the signal's reason, also in the queue. */
  readonly signal?: AbortSignal;
}

/** A pool of models. */
export interface ServerUpscaler extends Facts {
  /** Images that wait. */
  waiting(): number;
  /**
   * Upscales an image.
   *
   * @throws BusyError when the queue is full, LimitError, TimeoutError
   */
  upscale(image: AnyImage, options?: ServeOptions): Promise<AnyImage>;
  /**
   * Upscales a file: its header is read first, and what is too large, or no PNG, JPEG or WebP, is refused before a byte of it is decoded. Decoding waits for its place too.
   *
   * @throws ImageError for what is no such image or is damaged, and as `upscale`
   */
  upscaleFile(bytes: Uint8Array, codec: Codec, options?: ServeOptions): Promise<Uint8Array>;
  /** Ends the threads. What runs or waits is rejected. May be called twice. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * Opens a pool.
 *
 * @param source the bytes of a `.fqsr` file, its URL or its path
 * @throws as `load`
 *
 * @example
 * using upscaler = await createUpscaler('edsr-f16b4-x2-w4a4s8.fqsr', { queue: 8, maxPixels: 1e6 });
 * const png = await upscaler.upscaleFile(body, codec, { signal }); // or a BusyError, with status 503
 */
export async function createUpscaler(source: ModelSource, options: ServerOptions = {}): Promise<ServerUpscaler> {
  const limits = limitsOf(options);
  const { backend = 'auto', memoryBytes } = options;
  const start: Start = { bytes: await readSource(source), backend, memoryBytes };
  const opened = await Promise.allSettled(Array.from({ length: limits.threads }, () => openThread(start)));
  const free = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const failed = opened.find((each) => each.status === 'rejected');
  if (failed) {
    for (const thread of free) thread.end();
    throw failed.reason;
  }
  const all = new Set<Thread>(free);
  const queue = openQueue(limits.threads, limits.queue);
  const end = new AbortController();

  /** Runs `work` with a thread, within the time and the queue. A thread that died is replaced. */
  async function serve<T>(work: (thread: Thread, signal: AbortSignal) => Promise<T>, outer?: AbortSignal): Promise<T> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(new TimeoutError(limits.timeoutMs)), limits.timeoutMs);
    const signal = AbortSignal.any([stop.signal, end.signal, ...(outer ? [outer] : [])]);
    try {
      const leave = await queue.enter(signal);
      const before = free.pop() as Thread;
      let thread = before;
      try {
        if (!before.isAlive()) {
          all.delete(before);
          thread = await openThread(start);
          all.add(thread);
          if (end.signal.aborted) thread.end();
        }
        const result = await work(thread, signal);
        signal.throwIfAborted();
        return result;
      } finally {
        free.push(thread);
        leave();
      }
    } finally {
      clearTimeout(timer);
    }
  }

  const dispose = () => {
    end.abort(disposed());
    for (const thread of all) thread.end();
  };
  return {
    ...(free[0] as Thread).facts,
    waiting: queue.waiting,
    upscale: async (image, { signal } = {}) => {
      checkImage(image, 'upscale');
      checkPixels(image, limits.maxPixels);
      return serve((thread, stop) => thread.upscale(image, stop), signal);
    },
    upscaleFile: async (bytes, codec, { signal } = {}) => {
      if (bytes.length > limits.maxBytes) {
        throw new LimitError(`file must have at most ${limits.maxBytes} bytes, got ${bytes.length}`);
      }
      const header = readHeader(bytes);
      checkPixels(header, limits.maxPixels);
      return serve(async (thread, stop) => {
        const image = await decoded(codec, bytes, header);
        stop.throwIfAborted();
        return codec.encode(await thread.upscale(image, stop));
      }, signal);
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}

type Limits = Required<Pick<ServerOptions, 'threads' | 'queue' | 'timeoutMs' | 'maxBytes' | 'maxPixels'>>;

/** @throws RuntimeError naming the option */
function limitsOf(options: ServerOptions): Limits {
  const limits = {
    threads: options.threads ?? Math.min(4, availableParallelism()),
    queue: options.queue ?? 16,
    timeoutMs: options.timeoutMs ?? 30_000,
    maxBytes: options.maxBytes ?? 2 ** 24,
    maxPixels: options.maxPixels ?? 2 ** 22,
  };
  for (const [name, value] of Object.entries(limits)) {
    const low = name === 'queue' ? 0 : 1;
    const high = name === 'threads' ? 64 : 2 ** 31 - 1;
    if (Number.isInteger(value) && value >= low && value <= high) continue;
    const problem = `${name} must be an integer from ${low} to ${high}, got ${show(value)}`;
    throw new RuntimeError('createUpscaler', problem, 'leave it out');
  }
  return limits;
}

function checkPixels({ width, height }: { readonly width: number; readonly height: number }, most: number): void {
  if (width * height <= most) return;
  throw new LimitError(`image must have at most ${most} pixels, got ${width} x ${height}`);
}

/** Decodes; an image of another size than its header's, or its turn, is no whole image. */
async function decoded(codec: Codec, bytes: Uint8Array, { width, height, ...header }: Header): Promise<AnyImage> {
  const image = await codec.decode(bytes, { width, height, ...header }).catch((cause: unknown) => {
    if (cause instanceof ServerError) throw cause;
    throw new ImageError('image must be whole, got a damaged one', 422, { cause });
  });
  checkImage(image, 'upscale');
  if (image.width * image.height === width * height) return image;
  throw new ImageError(`image must have the size of its header, got ${image.width} x ${image.height}`, 422);
}
