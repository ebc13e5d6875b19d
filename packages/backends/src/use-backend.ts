/**
 * Choosing TF.js's backend and making it fit for training.
 */
import * as tf from '@tensorflow/tfjs';
import { BackendWasm, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { BackendError } from './error.js';
import { registerGradients } from './gradients/registry.js';
import { isNode } from './host.js';
import { guardMemory } from './wasm/guard-memory.js';
import { openHeap } from './wasm/heap.js';
import { tensorModule } from './wasm/host.js';
import { wasmFolder } from './wasm/paths.js';
import { registerKernels } from './wasm/registry.js';
import { type AdapterDescription, findAdapter } from './webgpu/adapter.js';
import { startWebgpu } from './webgpu/start.js';

/** The backends that {@link useBackend} can set; the reference first. */
export const backendNames = ['cpu', 'wasm', 'webgpu'] as const;

/** A backend that {@link useBackend} can set. */
export type BackendName = (typeof backendNames)[number];

/** What {@link useBackend} set, and why. */
export interface BackendChoice {
  readonly name: BackendName;
  /** One sentence for people. */
  readonly why: string;
}

/** Backends whose kernels are registered: TF.js keeps its kernels by name, so this is part of that registry. */
const prepared = new WeakSet<BackendWasm>();

async function startWasm(): Promise<void> {
  if (isNode() && !tf.findBackend('wasm')) {
    const folder = wasmFolder();
    if (folder) setWasmPaths(folder);
  }
  if (!(await tf.setBackend('wasm').catch(() => false))) {
    throw new BackendError(
      'useBackend',
      'wasm must start on this host, got a failure of TF.js (its message is printed above)',
      'check that @tensorflow/tfjs-backend-wasm is installed with its .wasm files',
    );
  }
  const backend = tf.backend();
  if (!(backend instanceof BackendWasm)) {
    throw new BackendError(
      'useBackend',
      'wasm must be the backend of the installed @tensorflow/tfjs-backend-wasm, got another',
      'keep one version of @tensorflow/tfjs-backend-wasm in the dependency tree',
    );
  }
  if (prepared.has(backend)) return;
  guardMemory(tensorModule(backend));
  registerKernels(openHeap(backend));
  prepared.add(backend);
}

/** Sets a backend and says what it runs on, where that is not plain from its name. */
type Starter = () => Promise<string>;

const starters = {
  cpu: async () => {
    await tf.setBackend('cpu');
    return 'asked for';
  },
  wasm: async () => {
    await startWasm();
    return 'asked for';
  },
  webgpu: async () => `asked for; it runs on ${nameOf(await startWebgpu())}`,
} satisfies Record<BackendName, Starter>;

const nameOf = ({ description, vendor, architecture, device }: AdapterDescription): string =>
  description || [vendor, architecture, device].filter(Boolean).join(' ') || 'an adapter that does not say its name';

/** What `auto` takes on this host, and why. */
async function choose(): Promise<BackendChoice> {
  const wasm = 'WASM SIMD is the fastest backend for training on this host that needs no native library';
  try {
    const { description } = await findAdapter();
    if (!description.software) return { name: 'webgpu', why: `WebGPU has a GPU here: ${nameOf(description)}` };
    return { name: 'wasm', why: `${wasm}: WebGPU has only a software device, ${nameOf(description)}` };
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return { name: 'wasm', why: `${wasm}: ${error.problem}` };
  }
}

/**
 * Sets TF.js's backend and registers what training needs and TF.js lacks; calling it again is free and safe.
 *
 * | name | backend |
 * | --- | --- |
 * | `wasm` | WASM (SIMD, one thread on Node) with this package's gradients of convolutions |
 * | `webgpu` | WebGPU: the browser's, on Node Dawn's (the optional peer `webgpu`); reads that fail where the device does |
 * | `cpu` | plain JavaScript, slow: the reference in tests |
 * | `auto` | `webgpu` on a GPU, else `wasm`: a device that software imitates is far slower |
 *
 * After a loss of the GPU, reading a tensor throws; calling this again starts a new device, without the tensors of the old one.
 *
 * @returns the backend that is set and the reason
 * @throws BackendError for another name, and when the backend does not start
 *
 * @example
 * const { name, why } = await useBackend('auto'); // 'wasm'
 * const { value, grads } = tf.valueAndGrads((x, w) => tf.conv2d(x, w, 1, 'same').square().mean())([x, w]);
 */
export async function useBackend(name: BackendName | 'auto'): Promise<BackendChoice> {
  if (name !== 'auto' && !Object.hasOwn(starters, name)) {
    throw new BackendError(
      'useBackend',
      `name must be one of ${[...backendNames, 'auto'].join(', ')}, got ${JSON.stringify(name)}`,
      'auto takes the fastest',
    );
  }
  const choice: BackendChoice = name === 'auto' ? await choose() : { name, why: '' };
  const why = await starters[choice.name]();
  registerGradients();
  return { name: choice.name, why: choice.why || why };
}
