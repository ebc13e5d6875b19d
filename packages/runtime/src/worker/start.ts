/** Starting a worker that runs this very code, wherever it was served from. */

/** A module worker. */
export interface WorkerLike {
  postMessage(message: unknown, options?: { transfer?: ArrayBuffer[] }): void;
  terminate(): void;
  addEventListener(type: string, listener: (event: WorkerEvent) => void): void;
}

/** A message, or an error. */
export interface WorkerEvent {
  readonly data?: unknown;
  readonly message?: string;
}

/** The global of that name: bundlers look for it by its name, and find what to bundle. */
declare const Worker: new (url: URL | string, options: { readonly type: 'module' }) => WorkerLike;

/** Beside this file, as a package or a bundler puts it; or out of this file, which then stands alone or comes from another origin. */
const attempts: readonly (() => WorkerLike)[] = [
  () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }),
  () => {
    // A bundle of other code has no such export: then nothing of it runs.
    const code = `import { serveWorker } from ${JSON.stringify(import.meta.url)}; serveWorker();`;
    return new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })), { type: 'module' });
  },
];

/** A worker that runs, and whether it has WebGPU. */
export interface Started {
  readonly worker: WorkerLike;
  readonly hasGpu: boolean;
}

/**
 * Starts a worker.
 *
 * @param make how, by the caller
 * @throws Error that says what the host answered
 */
export async function startWorker(make?: () => WorkerLike): Promise<Started> {
  if (typeof Worker === 'undefined') throw new Error('there are no workers here');
  const reasons: string[] = [];
  for (const attempt of make ? [make] : attempts) {
    try {
      return await greeted(attempt());
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  throw new Error([...new Set(reasons)].join('; '));
}

function greeted(worker: WorkerLike): Promise<Started> {
  return new Promise((resolve, reject) => {
    worker.addEventListener('message', ({ data }) => {
      const { kind, hasGpu } = data as { readonly kind?: string; readonly hasGpu?: boolean };
      if (kind === 'ready') resolve({ worker, hasGpu: hasGpu === true });
    });
    worker.addEventListener('error', ({ message }) => {
      worker.terminate();
      reject(new Error(message || 'the worker script was not loaded'));
    });
  });
}
