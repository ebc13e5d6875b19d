/// <reference types="@webgpu/types" />
/** A device of the host's WebGPU, and what can go wrong on it as errors of this package. */
import { RuntimeError } from '../../error.js';
import type { Dialect } from './wgsl.js';

/** Usages of buffers, as WebGPU numbers them: hosts without a page may lack `GPUBufferUsage`. */
export const usage = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const;
/** `GPUMapMode.READ` */
const MAP_READ = 1;

const REMEDY = "use the backend 'wasm'";

/** A device and what it allows. */
export interface GpuHost {
  readonly device: GPUDevice;
  /** How the device multiplies. */
  readonly dialect: Dialect;
  /** Kernels by their code. */
  readonly pipelines: Map<string, Promise<GPUComputePipeline>>;
  /** Throws what has befallen the device, if anything. */
  check(): void;
  /** Frees the device and all that is on it. */
  dispose(): void;
}

/** What the engine asks for beyond the limits that every device has, where the adapter has more. */
const limits = ['maxStorageBufferBindingSize', 'maxBufferSize'] as const;

/**
 * A device of `gpu`.
 *
 * @param gpu what `navigator.gpu` is in browsers; by default that
 * @throws RuntimeError where there is no WebGPU, adapter or device
 */
export async function openDevice(gpu: object | undefined, where: string): Promise<GpuHost> {
  const host = (gpu ?? Reflect.get(Reflect.get(globalThis, 'navigator') ?? {}, 'gpu')) as GPU | undefined;
  const refuse = (problem: string, remedy: string, cause?: unknown): never => {
    throw new RuntimeError(where, problem, remedy, { cause });
  };
  if (typeof host?.requestAdapter !== 'function') {
    const remedy = `in a browser serve the page over https; on Node pass { gpu: create([]) } of the package webgpu; or ${REMEDY}`;
    return refuse('the host must have WebGPU, got no navigator.gpu', remedy);
  }
  const adapter = await host.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) return refuse('WebGPU must find an adapter, got none', `install a GPU driver, or ${REMEDY}`);
  const requiredLimits = Object.fromEntries(limits.map((name) => [name, adapter.limits[name]]));
  const device = await adapter
    .requestDevice({ requiredLimits })
    .catch((cause: unknown) => refuse(`WebGPU must get a device, got ${messageOf(cause)}`, REMEDY, cause));
  const state: { fault: RuntimeError | null; isOpen: boolean } = { fault: null, isOpen: true };
  void device.lost.then(({ message }) => {
    if (!state.isOpen) return;
    const problem = `the GPU device must live as long as the upscaler, got lost: ${message}`;
    state.fault = new RuntimeError('upscale', problem, `load the model again, or ${REMEDY}`);
  });
  device.addEventListener('uncapturederror', (event) => {
    const { error } = event as GPUUncapturedErrorEvent;
    const problem = `the GPU device must accept every command, got ${error.message}`;
    state.fault ??= new RuntimeError('upscale', problem, REMEDY);
  });
  return {
    device,
    dialect: host.wgslLanguageFeatures?.has('packed_4x8_integer_dot_product') ? 'packed' : 'unpacked',
    pipelines: new Map(),
    check: () => {
      if (state.fault) throw state.fault;
    },
    dispose: () => {
      state.isOpen = false;
      device.destroy();
    },
  };
}

/**
 * Makes what may not fit the device's memory.
 *
 * @throws RuntimeError when the device is out of memory
 */
export async function allocating<T>({ device, check }: GpuHost, make: () => T): Promise<T> {
  check();
  device.pushErrorScope('out-of-memory');
  const made = make();
  const error = await device.popErrorScope();
  check();
  if (error === null) return made;
  const problem = `the image must fit the GPU's memory, got out of memory: ${error.message}`;
  throw new RuntimeError('upscale', problem, `lower memoryBytes, or ${REMEDY}`);
}

/** The bytes of a buffer that may be mapped, once all work so far is done. A copy. */
export async function readBuffer({ check }: GpuHost, buffer: GPUBuffer, bytes: number): Promise<Uint8Array> {
  await buffer.mapAsync(MAP_READ, 0, bytes).catch((cause: unknown) => {
    check();
    throw new RuntimeError('upscale', `the GPU must give its result, got ${messageOf(cause)}`, REMEDY, { cause });
  });
  try {
    check();
    return new Uint8Array(buffer.getMappedRange(0, bytes).slice(0));
  } finally {
    buffer.unmap();
  }
}

export const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
