/**
 * Choosing TF.js's backend and making it fit for training.
 */
import * as tf from '@tensorflow/tfjs';
import { BackendWasm, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { BackendError } from './error.js';
import { registerGradients } from './gradients/registry.js';
import { openHeap } from './wasm/heap.js';
import { isNode, wasmFolder } from './wasm/paths.js';
import { registerKernels } from './wasm/registry.js';

/** A backend that {@link useBackend} can set. */
export type BackendName = 'wasm' | 'cpu';

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
    const folder = await wasmFolder();
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
  registerKernels(openHeap(backend));
  prepared.add(backend);
}

const starters = {
  wasm: startWasm,
  cpu: async () => {
    await tf.setBackend('cpu');
  },
} satisfies Record<BackendName, () => Promise<void>>;

const reasons = {
  wasm: 'asked for',
  cpu: 'asked for',
  auto: 'WASM SIMD is the fastest backend for training on this host that needs no native library',
} as const satisfies Record<BackendName | 'auto', string>;

/**
 * Sets TF.js's backend and registers what training needs and TF.js lacks; calling it again is free and safe.
 *
 * | name | backend |
 * | --- | --- |
 * | `wasm` | WASM (SIMD, one thread on Node) with this package's gradients of convolutions |
 * | `cpu` | plain JavaScript, slow: the reference in tests |
 * | `auto` | the fastest of these here |
 *
 * @returns the backend that is set and the reason
 * @throws BackendError for another name, or when the backend does not start
 *
 * @example
 * const { name, why } = await useBackend('auto'); // 'wasm'
 * const { value, grads } = tf.valueAndGrads((x, w) => tf.conv2d(x, w, 1, 'same').square().mean())([x, w]);
 */
export async function useBackend(name: BackendName | 'auto'): Promise<BackendChoice> {
  if (!Object.hasOwn(reasons, name)) {
    throw new BackendError(
      'useBackend',
      `name must be one of ${Object.keys(reasons).join(', ')}, got ${JSON.stringify(name)}`,
      'auto takes the fastest',
    );
  }
  const chosen = name === 'auto' ? 'wasm' : name;
  await starters[chosen]();
  registerGradients();
  return { name: chosen, why: reasons[name] };
}
