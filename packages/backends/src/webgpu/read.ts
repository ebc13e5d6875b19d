/**
 * Reading tensors back: synchronously on Node, where TF.js needs a canvas, and with an error instead of wrong values after a fault of the device.
 */
import { util } from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { BackendError } from '../error.js';
import type { Faults } from './faults.js';
import { type Tick, turn } from './immediates.js';

/** Milliseconds after which a synchronous read gives up. */
const PATIENCE = 120_000;

/** The bytes of a buffer once all work so far is done; waits without returning to the event loop. */
function readBuffer(device: GPUDevice, source: GPUBuffer, tick: Tick, faults: Faults): ArrayBuffer {
  const staging = device.createBuffer({ size: source.size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(source, 0, staging, 0, source.size);
  device.queue.submit([encoder.finish()]);
  let refusal: unknown = null;
  staging.mapAsync(GPUMapMode.READ).catch((cause: unknown) => {
    refusal = cause;
  });
  try {
    if (!turn(tick, () => staging.mapState !== 'pending', performance.now() + PATIENCE)) {
      throw new BackendError('webgpu', `a read must end within ${PATIENCE / 1000} s, got no answer`, 'lower the batch');
    }
    faults.check();
    if (staging.mapState !== 'mapped') {
      throw new BackendError('webgpu', 'a read must be answered by the device, got a refusal', 'useBackend again', {
        cause: refusal,
      });
    }
    return staging.getMappedRange().slice(0);
  } finally {
    staging.destroy();
  }
}

/**
 * Whether TF.js's synchronous read, which draws the bytes on a canvas, gives what the GPU holds. Where a browser does not composite on the GPU it gives
 * zeros without a word, and a training step would take its loss for 0.
 */
function canvasTellsTruth(backend: WebGPUBackend): boolean {
  const sent = Float32Array.of(1, -2.5);
  const { dataId } = backend.makeTensorInfo([2], 'float32', sent);
  backend.uploadToGPU(dataId);
  try {
    const got = backend.readSync(dataId);
    return sent.every((value, at) => value === got[at]);
  } catch {
    return false;
  } finally {
    backend.disposeData(dataId);
  }
}

/** Makes the backend's reads check for faults and, where `tick` is given, its synchronous read work without a canvas. */
export function guardReads(backend: WebGPUBackend, device: GPUDevice, tick: Tick | null, faults: Faults): void {
  const hasCanvas = !tick && canvasTellsTruth(backend);
  const originalSync = backend.readSync.bind(backend);
  const original = backend.read.bind(backend);
  backend.read = async (dataId) => {
    faults.check();
    const values = await original(dataId).catch((cause: unknown) => {
      faults.check();
      throw cause;
    });
    faults.check();
    return values;
  };
  backend.readSync = (dataId) => {
    faults.check();
    const data = backend.tensorMap.get(dataId);
    const { values, dtype, resource } = data;
    if (values || dtype === 'string' || dtype === 'complex64') return originalSync(dataId);
    if (!tick || !(resource instanceof GPUBuffer)) {
      if (!hasCanvas) {
        throw new BackendError(
          'webgpu',
          'a synchronous read must have a canvas that WebGPU can draw on, got none on this host',
          'await tensor.data(), or use wasm',
        );
      }
      const read = originalSync(dataId);
      faults.check();
      return read;
    }
    backend.ensureCommandEncoderReady();
    backend.endComputePassEncoder();
    backend.submitQueue();
    data.values = util.convertBackendValuesAndArrayBuffer(readBuffer(device, resource, tick, faults), dtype);
    return data.values;
  };
}
