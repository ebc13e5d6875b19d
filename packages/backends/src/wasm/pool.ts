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

/** What one shard gives. Losses and gradients of shards are added, so a shard's part must be weighted already: by its share of the batch for a mean. */
export interface ShardResult<Extra = unknown> {
  readonly loss: number;
  /** As long as the parameters. Handed over: not to be used by its maker afterwards. */
  readonly gradient: Float32Array<ArrayBuffer>;
  /** What else the caller wants to know of the shard; it is copied. */
  readonly extra?: Extra;
}

/** What all shards give together. */
export interface ShardSums<Extra = unknown> {
  readonly loss: number;
  readonly gradient: Float32Array<ArrayBuffer>;
  /** One for each shard, in their order. */
  readonly extras: readonly (Extra | undefined)[];
}

/** Maps parameters (not to be written to, nor kept) and a shard to a loss and a gradient. */
export type ShardFunction<Shard, Extra = unknown> = (
  theta: Float32Array,
  shard: Shard,
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

/** A message to a worker. */
interface Task {
  /** Unlike any other of the pool: late answers to a call that failed must not pass for those to the next. */
  readonly id: number;
  readonly theta: Float32Array;
  readonly shard: unknown;
}
/** A message from a worker. */
type Answer<Extra = unknown> =
  | ({ readonly id: number } & ShardResult<Extra>)
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
  const waiting = new Map<number, { resolve: (result: Result) => void; reject: (error: Error) => void }>();
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
    if (!('error' in answer)) request?.resolve(answer);
    else {
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
  const inWorker = (worker: Worker, task: Task) => {
    const result = new Promise<Result>((resolve, reject) => {
      waiting.set(task.id, { resolve, reject });
    });
    result.catch(() => undefined); // It is awaited after the local shards, and reported then.
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
      const remote = shards.map((shard, index) => {
        const worker = workers[(index % threads) - 1];
        return worker ? inWorker(worker, { id: tasks++, theta: visible, shard }) : null;
      });
      const own: (Result | null)[] = [];
      for (const [index, shard] of shards.entries()) own.push(remote[index] ? null : await local(visible, shard));
      return add(theta.length, await Promise.all(own.map((result, index) => result ?? remote[index])));
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
  const bytes = theta.byteLength;
  const make = () =>
    new Float32Array(typeof SharedArrayBuffer === 'undefined' ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes));
  const target = last?.length === theta.length ? last : make();
  target.set(theta);
  return target;
}

/** Values that are added at a time, so that their sums stay in the nearest cache. */
const BLOCK = 4096;

/** Adds in the order of the shards, in float64, into the first one's gradient. */
function add<Extra>(length: number, results: readonly (ShardResult<Extra> | null | undefined)[]): ShardSums<Extra> {
  const shards = results.map((result) => {
    if (result?.gradient.length === length) return result;
    const problem = `gradients must have ${length} values, got ${result?.gradient.length ?? 'none'}`;
    throw new BackendError('GradientPool.run', problem, 'one for each parameter');
  });
  const [gradient = new Float32Array(length), ...others] = shards.map((shard) => shard.gradient);
  const [second, third] = others;
  if (second && !third) addTwo(gradient, second);
  else addAll(gradient, others);
  return {
    loss: shards.reduce((sum, { loss }) => sum + loss, 0),
    gradient,
    extras: shards.map(({ extra }) => extra),
  };
}

/** What {@link addAll} does, in one loop: the main thread does it while all others wait. */
function addTwo(gradient: Float32Array, other: Float32Array): void {
  for (let i = 0; i < gradient.length; i++) gradient[i] = 0 + (gradient[i] as number) + (other[i] as number);
}

function addAll(gradient: Float32Array, others: readonly Float32Array[]): void {
  const sums = new Float64Array(BLOCK);
  for (let from = 0; from < gradient.length; from += BLOCK) {
    const count = Math.min(BLOCK, gradient.length - from);
    // From 0 on, as sums of any number of shards are: two zeros below 0 give one above.
    for (let i = 0; i < count; i++) sums[i] = 0 + (gradient[from + i] as number);
    for (const own of others) for (let i = 0; i < count; i++) sums[i] = (sums[i] as number) + (own[from + i] as number);
    for (let i = 0; i < count; i++) gradient[from + i] = sums[i] as number;
  }
}

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
  // Listening from the start: tasks that come while the function is being made wait for it.
  port.on('message', async ({ id, theta, shard }: Task) => {
    try {
      const result = await (await ready)(theta, shard as Shard);
      port.postMessage({ id, ...result } satisfies Answer, [result.gradient.buffer]);
    } catch (error) {
      port.postMessage({ id, error: error instanceof Error ? error.message : String(error) } satisfies Answer);
    }
  });
  await ready;
}
