/**
 * What goes wrong on a device while TF.js's calls return: WebGPU reports it later, and the values read are then not to be trusted.
 */
import { BackendError } from '../error.js';

/** The first fault of a device. */
export interface Faults {
  /** Throws the fault, if there is one. */
  readonly check: () => void;
  /** Whether the device is lost: nothing more will be computed on it. */
  readonly isLost: () => boolean;
}

/** The error for an uncaptured error of WebGPU, whose class says what it is. */
function faultOf(error: GPUError): BackendError {
  if (error.constructor.name === 'GPUOutOfMemoryError') {
    return new BackendError(
      'webgpu',
      `the work must fit the GPU's memory, got out of memory: ${error.message}`,
      'lower the batch or the patch size',
    );
  }
  return new BackendError(
    'webgpu',
    `the device must accept every command, got ${error.message}`,
    'this is a fault of a kernel; use wasm and report it',
  );
}

/** Watches a device for loss and for errors that no call returns. */
export function watchDevice(device: GPUDevice): Faults {
  let fault: BackendError | null = null;
  let lost = false;
  void device.lost.then(({ reason, message }) => {
    lost = true;
    fault = new BackendError(
      'webgpu',
      `the device must live while tensors are on it, got lost (${reason ?? 'unknown'}): ${message}`,
      'call useBackend again for a new device and resume from the last checkpoint',
    );
  });
  device.addEventListener('uncapturederror', (event) => {
    if ('error' in event) fault ??= faultOf(event.error as GPUError);
  });
  return {
    check: () => {
      if (fault) throw fault;
    },
    isLost: () => lost,
  };
}
