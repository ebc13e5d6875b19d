/**
 * A patch stream whose batches are made ahead of time on worker threads: decoding, bicubic and cutting happen beside the training. The batch at a cursor is the
 * same with any number of workers.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { DatasetError, type Skipped } from './error.js';
import type { Answer, Reading, WorkerTask } from './prefetch-protocol.js';
import { openTold } from './sources/registry.js';
import { type Batch, CACHE_BYTES, createPatchStream, type PatchStream, type PatchStreamOptions } from './stream.js';

/** A patch stream and its workers. */
export interface PrefetchOptions extends PatchStreamOptions {
  /** Worker threads; 1 by default, 0 for the calling thread. They share `cacheBytes`. */
  readonly workers?: number;
  /** Batches that are made ahead; 2 for each worker by default. */
  readonly ahead?: number;
  /** Starts a worker, where a bundle keeps `prefetch-worker.js` elsewhere than beside the package's own file; it is given to `workerData`. */
  readonly startWorker?: (task: WorkerTask) => Worker;
}

/** The built worker: beside this file in `dist`, or in `dist` when this file runs from the sources. */
function workerPath(): string | null {
  const name = import.meta.url.endsWith('.ts') ? '../dist/prefetch-worker.js' : './prefetch-worker.js';
  const path = fileURLToPath(new URL(name, import.meta.url));
  return existsSync(path) ? path : null;
}

/**
 * Opens a source by its spec and streams patches from it, made ahead on worker threads. At most `ahead` batches wait; a cursor out of order drops them. Where
 * workers are missing (`workers: 0`, a bundle without the file `prefetch-worker.js`, or a registered kind of source, which workers do not know) the calling thread does the work. Dispose it when done; idle workers do
 * not keep the process alive.
 *
 * @throws DatasetError as `openSource` and `createPatchStream` do; `batch` also when a worker ends, and from then on
 *
 * @example
 * using stream = await openPatchStream('photos', { scale: 2, patchSize: 24, batchSize: 16, seed: 1 });
 * const { lr, hr } = await stream.batch(0); // while it is used, batches 1 and 2 are made
 */
export async function openPatchStream(spec: string, options: PrefetchOptions): Promise<PatchStream> {
  const { workers = 1, ahead = 2 * workers, cacheBytes = CACHE_BYTES, startWorker: given, ...rest } = options;
  for (const [name, value] of Object.entries({ workers, ahead })) {
    if (Number.isInteger(value) && value >= 0 && value <= 256) continue;
    throw new DatasetError(
      'openPatchStream',
      `${name} must be an integer from 0 to 256, got ${value}`,
      'for example 1',
    );
  }
  const { source, isBuiltIn } = await openTold(spec);
  const here = createPatchStream(source, { ...rest, cacheBytes });
  const startWorker = given ?? (isBuiltIn ? besides() : null);
  if (workers === 0 || startWorker === null) return here;
  const task: WorkerTask = { spec, options: { ...rest, cacheBytes: Math.floor(cacheBytes / workers) } };
  return createPrefetch(
    here.batchesPerEpoch,
    Array.from({ length: workers }, () => startWorker(task)),
    ahead,
  );
}

/** Starts the built worker that lies beside this file; `null` where there is none. */
function besides(): ((task: WorkerTask) => Worker) | null {
  const path = workerPath();
  return path === null ? null : (task) => new Worker(path, { workerData: task, name: 'fqsr-prefetch' });
}

/** A batch that a worker makes. */
interface Pending {
  /** Callers that wait for it; none for a batch made ahead. */
  callers: number;
  readonly promise: Promise<Batch>;
  readonly resolve: (batch: Batch) => void;
  readonly reject: (error: Error) => void;
}

function createPrefetch(batchesPerEpoch: number, workers: readonly Worker[], ahead: number): PatchStream {
  const pending = new Map<number, Pending>();
  const skipped = new Map<string, Skipped>();
  let failure: Error | null = null;
  let waiting = 0;

  const end = (error: Error) => {
    if (failure) return;
    failure = error;
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
    for (const worker of workers) void worker.terminate();
  };
  const accept = (answer: Answer | Reading, reading: Set<string>) => {
    if ('reading' in answer) {
      if (answer.done) reading.delete(answer.reading);
      else reading.add(answer.reading);
      return;
    }
    const request = pending.get(answer.cursor);
    if ('error' in answer) request?.reject(fromWorker(answer.error));
    else {
      for (const each of answer.skipped) skipped.set(each.name, each);
      request?.resolve(answer.batch);
    }
  };
  for (const worker of workers) {
    const reading = new Set<string>();
    worker.unref();
    worker.on('message', (message: Answer | Reading) => accept(message, reading));
    worker.on('error', (cause) => end(ended(cause.message, reading, cause)));
    worker.on('exit', (code) => end(ended(`it left with code ${code}`, reading)));
  }
  const start = (cursor: number): Pending => {
    const known = pending.get(cursor);
    if (known) return known;
    const request = defer();
    pending.set(cursor, request);
    workers[cursor % workers.length]!.postMessage({ cursor });
    return request;
  };
  const batch = async (cursor: number): Promise<Batch> => {
    if (failure) throw failure;
    if (!Number.isSafeInteger(cursor) || cursor < 0) {
      throw new DatasetError('batch', `cursor must be an integer of at least 0, got ${cursor}`, 'start from 0');
    }
    for (const [other, { callers }] of pending) {
      if (callers === 0 && (other < cursor || other > cursor + ahead)) pending.delete(other);
    }
    const request = start(cursor);
    request.callers++;
    for (let next = cursor + 1; next <= cursor + ahead; next++) start(next);
    if (waiting++ === 0) for (const worker of workers) worker.ref();
    try {
      return await request.promise;
    } finally {
      if (--request.callers === 0) pending.delete(cursor);
      if (--waiting === 0) for (const worker of workers) worker.unref();
    }
  };
  const dispose = () => end(new DatasetError('batch', 'the stream is disposed', 'open another one'));
  return { batchesPerEpoch, batch, skipped: () => [...skipped.values()], dispose, [Symbol.dispose]: dispose };
}

function defer(): Pending {
  let resolve: Pending['resolve'] = () => {};
  let reject: Pending['reject'] = () => {};
  const promise = new Promise<Batch>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => undefined); // it is awaited when its turn comes, and reported then
  return { callers: 0, promise, resolve, reject };
}

/** The message of a worker's error has the form of ours already; it is taken apart so that it is made but once. */
function fromWorker(message: string): DatasetError {
  const [, where, problem, remedy] = /^\[datasets\] (\w+): (.*) \(([^()]*)\)$/s.exec(message) ?? [];
  return new DatasetError(where ?? 'batch', problem ?? `a worker failed: ${message}`, remedy ?? 'try workers: 0');
}

/** @param reading the images that the worker had begun to read */
function ended(why: string, reading: ReadonlySet<string>, cause?: Error): DatasetError {
  const at = reading.size > 0 ? ` while it read ${[...reading].join(', ')}` : '';
  const reason = why.replace(/\s*\n\s*/g, '; ');
  return new DatasetError('batch', `a worker ended${at}: ${reason}`, 'try workers: 0', { cause });
}
