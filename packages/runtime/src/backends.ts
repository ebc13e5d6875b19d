/** The backends, and which one a model gets. */
import { type Engine, openReference } from './engine.js';
import { RuntimeError, show } from './error.js';
import { openWasm } from './kernels/wasm/engine.js';
import { hasSimd } from './kernels/wasm/machine.js';
import { availableThreads } from './kernels/wasm/threads.js';
import { openWebgpu } from './kernels/webgpu/engine.js';
import type { CheckedModel } from './model-info.js';

/** How a model runs. */
export interface BackendOptions {
  /**
   * `wasm`: WebAssembly with SIMD; `webgpu`: the host's GPU; `reference`: plain TypeScript; `auto` (the default): `wasm` where the host has it, else `reference`,
   * as `Upscaler.backend` says. `auto` takes no GPU, since an adapter does not tell whether it is faster than the processor: software adapters are far slower.
   */
  readonly backend?: BackendName | 'auto';
  /**
   * Bytes that may be held beside the model, an image and its result, 256 MiB by default. What needs more is cut into tiles that overlap by what the network sees; none is
   * cut below 16 pixels and their surroundings for the sake of it, and no strip of a result below 16 rows of the image.
   */
  readonly memoryBytes?: number;
  /**
   * Threads of the WASM backend, the caller's included; by default as many as the host runs at a time, at most 4. On a page they need cross-origin isolation; where
   * memory cannot be shared there is one, as `Upscaler.threads` says, and threads that were asked for but do not start are an error.
   */
  readonly threads?: number;
  /** The WebGPU backend's `GPU`, by default `navigator.gpu`. On Node: `create([])` of the package `webgpu`; keep it for as long as the upscaler. */
  readonly gpu?: object | undefined;
}

type Open = (checked: CheckedModel, memoryBytes: number, options: BackendOptions) => Promise<Engine>;

const backends = {
  reference: (checked, memoryBytes) => Promise.resolve(openReference(checked, { memoryBytes })),
  wasm: openThreaded,
  webgpu: (checked, memoryBytes, { gpu }) => openWebgpu(checked, 'load', { memoryBytes, gpu }),
} satisfies Record<string, Open>;

/** Name of a backend. All give the same bytes. */
export type BackendName = keyof typeof backends;

/** The names of all backends. */
export const backendNames = Object.keys(backends) as readonly BackendName[];

/** Unless the caller says otherwise. It bounds a GPU's submission too, which must not hold up the display for seconds. */
const MEMORY_BYTES = 256 * 2 ** 20;
/** Most threads by default. */
const THREADS = 4;

/** @throws RuntimeError for options that no backend knows */
export function checkOptions({ backend = 'auto', threads, memoryBytes = 0 }: BackendOptions): void {
  if (backend !== 'auto' && !Object.hasOwn(backends, backend)) {
    const problem = `backend must be one of auto, ${backendNames.join(', ')}, got ${show(backend)}`;
    throw new RuntimeError('load', problem, 'choose a known backend');
  }
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 64)) {
    throw new RuntimeError('load', `threads must be an integer from 1 to 64, got ${show(threads)}`, 'leave it out');
  }
  if (!(memoryBytes >= 0)) {
    throw new RuntimeError('load', `memoryBytes must be 0 or more, got ${show(memoryBytes)}`, 'leave it out');
  }
}

/**
 * Prepares a model.
 *
 * @throws RuntimeError when the backend is not to be had on this host
 */
export async function openBackend(
  checked: CheckedModel,
  options: BackendOptions,
): Promise<{ readonly backend: BackendName; readonly engine: Engine }> {
  const { backend: asked = 'auto', memoryBytes = MEMORY_BYTES } = options;
  const backend = asked === 'auto' ? (hasSimd() ? 'wasm' : 'reference') : asked;
  const open: Open = backends[backend];
  return { backend, engine: await open(checked, memoryBytes, options) };
}

/** With the threads that were asked for, or as many as there are. */
async function openThreaded(checked: CheckedModel, memoryBytes: number, { threads }: BackendOptions): Promise<Engine> {
  if (threads !== undefined) {
    return openWasm(checked, { memoryBytes, threads: typeof SharedArrayBuffer === 'undefined' ? 1 : threads });
  }
  const available = Math.min(THREADS, availableThreads());
  const single = { memoryBytes, threads: 1 };
  if (available === 1) return openWasm(checked, single);
  // A page's policy may forbid what its threads are made of.
  return openWasm(checked, { memoryBytes, threads: available }).catch(() => openWasm(checked, single));
}
