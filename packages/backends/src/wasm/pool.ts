/**
 * Gradients of the shards of a batch on several threads, added up in a fixed order. WASM on Node has one thread; TF.js needs a backend in each.
 *
 * The pool knows no network: a function maps parameters and a shard to a loss and a flat gradient, in the calling thread and, by a module that calls
 * {@link serveShards}, in each worker. Parameters lie in shared memory where there is any; shards are copied to their worker and gradients handed over.
 *
 * Shard `k` goes to thread `k % threads`, thread 0 being the caller's, and results are added by `k`, in float64: the bits depend on the shards alone,
 * not on the number of threads nor on which of them is faster.
 */
import type { Worker } from 'node:worker_threads';
import { BackendError } from '../error.js';
import { addShards, type ShardResult, type ShardSums } from './shard-sums.js';

export type { ShardResult, ShardSums };

/**
 * Maps parameters (not to be written to, nor kept) and a shard to a loss and a gradient.
 *
 * A function that writes its gradient to `into` spares the pool megabytes of new memory for each shard, and the collections of garbage that follow: see the package's
 * README.
 */
export type ShardFunction<Shard, Extra = unknown> = (
  theta: Float32Array,
  shard: Shard,
  into?: Float32Array,
) => ShardResult<Extra> | Promise<ShardResult<Extra>>;

/** How to open a pool. */
export interface PoolOptions<Shard, Extra = unknown> {
  /** At least 1; the calling thread is one of them. */
  readonly threads: number;
  /** The function of the calling thread. */
  readonly local: ShardFunction<Shard, Extra>;
  /** A module that calls {@link serveShards}, as a file URL. */
  readonly worker: URL;
  /** What the workers are made from; it is copied. */
  readonly data: unknown;
}

/** Threads that compute gradients. Owns its workers: dispose it. */
export interface GradientPool<Shard, Extra = unknown> extends Disposable {
  /** Threads in use: 1 where workers are missing. */
  readonly threads: number;
  /** One sentence for people. */
  readonly why: string;
  /**
   * The sums of the losses and gradients of all shards; one call at a time.
   *
   * @throws BackendError when a worker fails or ends; one that ended ends the pool
   */
  readonly run: (theta: Float32Array, shards: readonly Shard[]) => Promise<ShardSums<Extra>>;
  readonly dispose: () => void;
}

/** Shared memory that a worker is told of once, before a task names it: V8 counts every view that is sent as new memory of the worker's, and collects garbage for it. */
interface Loan {
  readonly memory: number;
  readonly floats: Float32Array;
}
/** A message to a worker. */
interface Task {
  /** Unlike any other of the pool: late answers to a call that failed must not pass for those to the next. */
  readonly id: number;
  readonly shard: unknown;
  /** The number of a loan; where memory cannot be shared, the values. */
  readonly theta: number | Float32Array;
  /** The number of a loan for the gradient. */
  readonly into: number | undefined;
}
/** A message from a worker, without a gradient if it was written to shared memory. */
type Answer<Extra = unknown> =
  | ({ readonly id: number } & Omit<ShardResult<Extra>, 'gradient'> & { readonly gradient?: Float32Array })
  | { readonly id: number; readonly error: string };

const ended = (why: string, cause?: unknown) =>
  new BackendError('GradientPool.run', `workers must live as long as their pool, but ${why}`, 'open another pool', {
    cause,
  });

/**
 * Opens a pool. Where the host has no worker threads (browsers, today) all work is done in the calling thread, and `why` says so.
 *
 * @throws BackendError for a number of threads that is not a whole number from 1 to 256
 *
 * @example
 * // shards.js, loaded by every worker:
 * await serveShards(async ({ model }) => { await useBackend('wasm'); return shardFunction(model); });
 * // the caller:
 * using pool = await openGradientPool({ threads: 2, local, worker: new URL('./shards.js', import.meta.url), data: { model } });
 * const { loss, gradient } = await pool.run(theta, [firstHalf, secondHalf]);
 */
export async function openGradientPool<Shard, Extra = unknown>(
  options: PoolOptions<Shard, Extra>,
): Promise<GradientPool<Shard, Extra>> {
  const { threads, local, worker, data } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > 256) {
    throw new BackendError('openGradientPool', `threads must be from 1 to 256, got ${threads}`, 'one for each core');
  }
  if (threads === 1) return poolOf([], local, 'one thread was asked for');
  const host = await import('node:worker_threads').catch(() => null);
  if (!host) return poolOf([], local, 'this host has no worker threads, so the calling thread does all');
  const workers = Array.from({ length: threads - 1 }, () => new host.Worker(worker, { workerData: data }));
  return poolOf(workers, local, `${threads} threads, the calling one included`);
}

function poolOf<Shard, Extra>(
  workers: readonly Worker[],
  local: ShardFunction<Shard, Extra>,
  why: string,
): GradientPool<Shard, Extra> {
  type Result = ShardResult<Extra>;
  interface Request {
    readonly into: Float32Array | undefined;
    readonly resolve: (result: Result) => void;
    readonly reject: (error: Error) => void;
  }
  const waiting = new Map<number, Request>();
  /** Where the gradient of each shard is written, step after step. */
  const gradients: (Float32Array | undefined)[] = [];
  let failure: Error | null = null;
  let shared: Float32Array | null = null;
  let tasks = 0;

  const end = (error: Error) => {
    if (failure) return;
    failure = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    for (const worker of workers) void worker.terminate();
  };
  const accept = (answer: Answer<Extra>) => {
    const request = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (!('error' in answer)) {
      // An answer that is too short is found out where shards are added.
      request?.resolve({ ...answer, gradient: answer.gradient ?? request.into ?? new Float32Array() });
    } else {
      const problem = `a shard's function must not throw, but in a worker it did: ${answer.error}`;
      request?.reject(new BackendError('GradientPool.run', problem, 'see its message'));
    }
  };
  for (const worker of workers) {
    worker.unref();
    worker.on('message', accept);
    worker.on('error', (cause) => end(ended(`one failed: ${cause instanceof Error ? cause.message : cause}`, cause)));
    worker.on('exit', (code) => end(ended(`one ended with code ${code}`)));
  }
  const lent = new Map<Worker, Float32Array[]>(workers.map((worker) => [worker, []]));
  const lend = (worker: Worker, floats: Float32Array): number => {
    const known = lent.get(worker) as Float32Array[];
    const memory = known.indexOf(floats);
    if (memory >= 0) return memory;
    worker.postMessage({ memory: known.length, floats } satisfies Loan);
    return known.push(floats) - 1;
  };
  const inWorker = (worker: Worker, shard: Shard, theta: Float32Array, into: Float32Array | undefined) => {
    const id = tasks++;
    const result = new Promise<Result>((resolve, reject) => {
      waiting.set(id, { into, resolve, reject });
    });
    result.catch(() => undefined); // It is awaited after the local shards, and reported then.
    const isShared = !(theta.buffer instanceof ArrayBuffer);
    const task: Task = {
      ...{ id, shard, theta: isShared ? lend(worker, theta) : theta },
      into: into && lend(worker, into),
    };
    worker.postMessage(task);
    return result;
  };

  const run = async (theta: Float32Array, shards: readonly Shard[]): Promise<ShardSums<Extra>> => {
    if (failure) throw failure;
    shared = workers.length > 0 ? share(theta, shared) : theta;
    const visible = shared;
    for (const worker of workers) worker.ref();
    try {
      const threads = workers.length + 1;
      const into = (index: number, isRemote: boolean) => {
        const made = gradients[index];
        // Parameters may be the gradient of the last call.
        const fits = made?.length === theta.length && made.buffer !== theta.buffer;
        const target = fits ? made : isRemote ? sharedFloats(theta.length) : new Float32Array(theta.length);
        gradients[index] = target;
        return target;
      };
      const remote = shards.map((shard, index) => {
        const worker = workers[(index % threads) - 1];
        return worker && inWorker(worker, shard, visible, into(index, true));
      });
      const own: (Result | null)[] = [];
      for (const [index, shard] of shards.entries()) {
        own.push(remote[index] ? null : await local(visible, shard, into(index, false)));
      }
      return addShards(theta.length, await Promise.all(own.map((result, index) => result ?? remote[index])));
    } catch (error) {
      // A shard that is still being computed writes to memory that the next call must not read.
      gradients.length = 0;
      throw error;
    } finally {
      waiting.clear();
      for (const worker of workers) worker.unref();
    }
  };
  const dispose = () =>
    end(new BackendError('GradientPool.run', 'the pool must be open, but it is disposed', 'open another'));
  return { threads: workers.length + 1, why, run, dispose, [Symbol.dispose]: dispose };
}

/** The values in memory that all threads see, `last` if they fit; a plain copy where memory cannot be shared. */
function share(theta: Float32Array, last: Float32Array | null): Float32Array {
  const target = last?.length === theta.length ? last : (sharedFloats(theta.length) ?? new Float32Array(theta.length));
  target.set(theta);
  return target;
}

/** Memory that all threads see, if there is any. */
const sharedFloats = (length: number): Float32Array | undefined =>
  typeof SharedArrayBuffer === 'undefined' ? undefined : new Float32Array(new SharedArrayBuffer(4 * length));

/**
 * Answers the pool from a worker; to be called once, by the module that {@link openGradientPool} was given.
 *
 * @param make makes the worker's function from the pool's `data`: chooses the backend, builds the network
 * @throws BackendError when called outside of a worker
 */
export async function serveShards<Shard, Data, Extra = unknown>(
  make: (data: Data) => Promise<ShardFunction<Shard, Extra>>,
): Promise<void> {
  const { parentPort, workerData } = await import('node:worker_threads');
  if (!parentPort) {
    throw new BackendError('serveShards', 'it must be called in a worker, got the main thread', 'see openGradientPool');
  }
  const port = parentPort;
  const ready = make(workerData as Data);
  const lent: Float32Array[] = [];
  // Listening from the start: tasks that come while the function is being made wait for it.
  port.on('message', async (message: Task | Loan) => {
    if ('memory' in message) {
      lent[message.memory] = message.floats;
      return;
    }
    const { id, shard } = message;
    const theta = typeof message.theta === 'number' ? (lent[message.theta] as Float32Array) : message.theta;
    const into = message.into === undefined ? undefined : lent[message.into];
    try {
      const { gradient, ...rest } = await (await ready)(theta, shard as Shard, into);
      const isShared = into !== undefined && gradient.buffer === into.buffer;
      const answer: Answer = isShared ? { id, ...rest } : { id, ...rest, gradient };
      port.postMessage(answer, gradient.buffer instanceof ArrayBuffer ? [gradient.buffer] : []);
    } catch (error) {
      port.postMessage({ id, error: error instanceof Error ? error.message : String(error) } satisfies Answer);
    }
  });
  await ready;
}
