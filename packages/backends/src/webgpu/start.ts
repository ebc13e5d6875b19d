/**
 * Starting TF.js's WebGPU backend on a device of our own: on Node and in browsers alike.
 */
import * as tf from '@tensorflow/tfjs';
import { BackendError } from '../error.js';
import { type AdapterDescription, findAdapter } from './adapter.js';
import { type Faults, watchDevice } from './faults.js';
import { captureTick } from './immediates.js';
import { guardReads } from './read.js';

/** Limits that TF.js's kernels use up to what the adapter has. */
const limits = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
] as const;
const features = ['timestamp-query', 'bgra8unorm-storage'] as const;

/** A backend that runs: what it runs on, and its faults. */
interface Running {
  readonly description: AdapterDescription;
  readonly faults: Faults;
}

/** The backends that this package started. TF.js keeps its backends by name, so this is part of that registry. */
const running = new WeakMap<object, Running>();

async function makeBackend(): Promise<tf.KernelBackend> {
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu');
  const { gpu, adapter, description } = await findAdapter();
  const { value, tick } = captureTick(gpu, () =>
    adapter.requestDevice({
      requiredFeatures: features.filter((feature) => adapter.features.has(feature)),
      requiredLimits: Object.fromEntries(limits.map((name) => [name, adapter.limits[name]])),
    }),
  );
  const device = await value.catch((cause: unknown) => {
    throw new BackendError(
      'useBackend',
      `webgpu must get a device from the adapter ${description.description || description.vendor}, got ${cause}`,
      'free the GPU or update its driver; or use wasm',
      { cause },
    );
  });
  const backend = new WebGPUBackend(device);
  const faults = watchDevice(device);
  guardReads(backend, device, tick, faults);
  running.set(backend, { description, faults });
  return backend;
}

/**
 * Sets TF.js's backend to `webgpu`. A device that was lost is replaced; tensors on it are gone.
 *
 * @returns what it runs on
 * @throws BackendError when there is no WebGPU, no adapter or no device
 */
export async function startWebgpu(): Promise<AdapterDescription> {
  const present = tf.engine().registry['webgpu'];
  const known = present && running.get(present);
  if (known && !known.faults.isLost()) {
    await tf.setBackend('webgpu');
    return known.description;
  }
  if (present && !known) {
    throw new BackendError(
      'useBackend',
      'webgpu must be started by this function, got a backend that TF.js started',
      "call useBackend('webgpu') instead of tf.setBackend('webgpu')",
    );
  }
  // Importing the kernels registers TF.js's own factory, which fails without a word where there is no adapter.
  await import('@tensorflow/tfjs-backend-webgpu');
  const backend = await makeBackend();
  if (tf.findBackendFactory('webgpu')) tf.removeBackend('webgpu');
  tf.registerBackend('webgpu', () => backend, 3);
  await tf.setBackend('webgpu');
  const started = running.get(tf.backend());
  if (started) return started.description;
  throw new BackendError(
    'useBackend',
    'webgpu must be the backend of the installed @tensorflow/tfjs-backend-webgpu, got another',
    'keep one version of @tensorflow/tfjs-core in the dependency tree',
  );
}
