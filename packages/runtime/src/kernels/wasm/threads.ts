/**
 * Threads on a machine's shared memory. A job is one step's rows; every thread, the caller's included, takes its blocks from a shared counter until none is left.
 * Blocks write disjoint levels, so results do not depend on who computes what.
 */
import { RuntimeError } from '../../error.js';

/** 32-bit words of a job, by index; `assembly/work.ts` reads the same. */
export const jobFields = {
  generation: 0,
  pending: 1,
  next: 2,
  blocks: 3,
  across: 4,
  kernel: 5,
  node: 6,
  y0: 7,
  y1: 8,
  stop: 9,
  rows: 10,
  columns: 11,
} as const;

/** Bytes of a job. */
export const JOB_BYTES = 64;

/** Threads beside the caller's. */
export interface Threads {
  readonly count: number;
  /** Lets them take blocks of the job that stands in memory. */
  start(): void;
  /** Returns when all have finished, or they are closed. @throws RuntimeError when one has not for ten seconds */
  wait(): void;
  close(): void;
}

/** What a thread is given: the compiled kernels, their memory, the index of the job's first word, its own scratch memory. */
interface ThreadData {
  readonly module: object;
  readonly memory: object;
  readonly at: number;
  readonly scratch: number;
}

/** A worker of Node or of a browser. */
interface Thread {
  postMessage(data: ThreadData): void;
  terminate(): unknown;
  /** Resolves when it can be waited for: a browser starts no worker while the thread that asked for it sleeps. */
  readonly ready: Promise<void>;
}

/** A thread's whole program: it has no file of its own, so that the package stays one file. It looks for a job for a moment before it sleeps. */
const program = `
const serve = ({ module, memory, at, scratch }) => {
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const words = new Int32Array(memory.buffer, 4 * at, ${JOB_BYTES / 4});
  ready();
  for (let seen = 0; ; ) {
    for (let spin = 0; spin < 5000 && Atomics.load(words, ${jobFields.generation}) === seen; spin++);
    Atomics.wait(words, ${jobFields.generation}, seen);
    if (Atomics.load(words, ${jobFields.stop})) return;
    seen = Atomics.load(words, ${jobFields.generation});
    kernels.work(4 * at, scratch, 0x7fffffff);
    if (Atomics.sub(words, ${jobFields.pending}, 1) === 1) Atomics.notify(words, ${jobFields.pending});
  }
};`;

/** Longest wait for a block of the others. */
const PATIENCE_MS = 10_000;

/**
 * Starts threads; they live until they are closed, and do not keep the process alive.
 *
 * @param words the job's words, in shared memory
 * @param scratch address of each thread's own memory
 * @throws RuntimeError where the host does not start them
 */
export async function openThreads(
  data: Omit<ThreadData, 'scratch'>,
  words: Int32Array,
  scratch: readonly number[],
): Promise<Threads> {
  const threads = scratch.map((address) => {
    const thread = startThread();
    thread.postMessage({ ...data, scratch: address });
    return thread;
  });
  await Promise.all(threads.map(({ ready }) => ready)).catch((cause: unknown) => {
    for (const thread of threads) thread.terminate();
    const problem = `the host must start ${threads.length + 1} threads, got ${(cause as Error).message}`;
    throw new RuntimeError('load', problem, 'use threads: 1', { cause });
  });
  const count = threads.length;
  let isClosed = false;
  return {
    count,
    start: () => {
      Atomics.store(words, jobFields.pending, count);
      Atomics.add(words, jobFields.generation, 1);
      Atomics.notify(words, jobFields.generation);
    },
    wait: () => {
      if (!isClosed) waitForAll(words);
    },
    close: () => {
      isClosed = true;
      Atomics.store(words, jobFields.stop, 1);
      Atomics.add(words, jobFields.generation, 1);
      Atomics.notify(words, jobFields.generation);
      for (const thread of threads) thread.terminate();
    },
  };
}

function waitForAll(words: Int32Array): void {
  const started = performance.now();
  for (let left = Atomics.load(words, jobFields.pending); left > 0; left = Atomics.load(words, jobFields.pending)) {
    sleep(words, left);
    if (performance.now() - started < PATIENCE_MS) continue;
    const problem = `all threads must finish their blocks, got ${left} that did not for ${PATIENCE_MS / 1000} s`;
    throw new RuntimeError('upscale', problem, 'load the model again, with threads: 1');
  }
}

/** Sleeps until the number of pending threads changes; the main thread of a page may not, and looks again. */
function sleep(words: Int32Array, left: number): void {
  try {
    Atomics.wait(words, jobFields.pending, left, 100);
  } catch {
    // Not allowed here: the caller's loop spins.
  }
}

/** A worker as browsers have it. */
interface WebWorker extends Pick<Thread, 'postMessage' | 'terminate'> {
  addEventListener(type: 'message' | 'error', listener: (event: { readonly message?: string }) => void): void;
}

/** Node's modules and the browser's globals that make threads. */
interface Host {
  readonly process?: Partial<Pick<NodeJS.Process, 'getBuiltinModule'>>;
  readonly Worker?: new (url: string) => WebWorker;
  readonly URL: { createObjectURL(blob: Blob): string; revokeObjectURL(url: string): void };
  readonly navigator?: { readonly hardwareConcurrency?: number };
  readonly crossOriginIsolated?: boolean;
}

function startThread(): Thread {
  const host = globalThis as Host;
  const node = host.process?.getBuiltinModule?.('node:worker_threads');
  if (node) {
    const port = "process.getBuiltinModule('node:worker_threads').parentPort";
    const code = `${program} const ready = () => ${port}.postMessage(0); ${port}.once('message', serve);`;
    const thread = new node.Worker(code, { eval: true });
    const ready = new Promise<void>((resolve, reject) => {
      thread.once('message', resolve).once('error', reject);
    }).finally(() => thread.unref());
    return { postMessage: (data) => thread.postMessage(data), terminate: () => thread.terminate(), ready };
  }
  if (!host.Worker) throw new RuntimeError('load', 'the host must have workers, got none', 'use threads: 1');
  const code = `${program} const ready = () => postMessage(0); onmessage = ({ data }) => serve(data);`;
  const url = host.URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  const thread = new host.Worker(url);
  const ready = new Promise<void>((resolve, reject) => {
    thread.addEventListener('message', () => resolve());
    thread.addEventListener('error', ({ message = 'a refusal' }) => reject(new Error(message)));
  }).finally(() => host.URL.revokeObjectURL(url));
  return { postMessage: (data) => thread.postMessage(data), terminate: () => thread.terminate(), ready };
}

/** How many threads the host runs at a time; 1 where memory cannot be shared. */
export function availableThreads(): number {
  const host = globalThis as Host;
  if (typeof SharedArrayBuffer === 'undefined') return 1;
  const os = host.process?.getBuiltinModule?.('node:os');
  if (os) return os.availableParallelism();
  return host.crossOriginIsolated && host.Worker ? (host.navigator?.hardwareConcurrency ?? 1) : 1;
}
