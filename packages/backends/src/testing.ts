/**
 * For tests that loop over backends.
 */
import * as tf from '@tensorflow/tfjs';
import { probeBackends } from './probe.js';
import type { BackendName } from './use-backend.js';

/**
 * The backends that start on this machine, to loop tests over: `cpu`, `wasm`, and `webgpu` where there is a device. Each that is missing is reported by one
 * line on stderr. TF.js computes small tensors of its WebGPU backend on the CPU; that is switched off, so that tests test the GPU's kernels.
 *
 * @example
 * const devices = await devicesHere();
 * describe.each(devices)('on %s', (device) => {
 *   beforeAll(() => useBackend(device));
 * });
 */
export async function devicesHere(): Promise<readonly BackendName[]> {
  const statuses = await probeBackends();
  const here = statuses.filter(({ available }) => available).map(({ name }) => name);
  for (const { name, available, why } of statuses) {
    if (!available) process.stderr.write(`tests on ${name} are skipped: ${why}\n`);
  }
  if (here.includes('webgpu')) tf.env().set('WEBGPU_CPU_FORWARD', false);
  return here;
}
