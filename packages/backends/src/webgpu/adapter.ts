/**
 * Finding a WebGPU adapter, and telling a GPU from a device that software imitates.
 */
import { BackendError } from '../error.js';
import { hostGpu, isNode } from '../host.js';
import { openDawn } from './dawn.js';

/** What a WebGPU adapter says of itself; empty strings where it keeps silent. */
export interface AdapterDescription {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** Whether it computes on the CPU (SwiftShader, lavapipe, WARP): right, but far slower than WASM. */
  readonly software: boolean;
}

/** An adapter and its description. */
export interface Found {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
  readonly description: AdapterDescription;
}

type Info = Partial<Record<'vendor' | 'architecture' | 'device' | 'description', string>> & {
  readonly isFallbackAdapter?: boolean;
};

const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|warp\b/i;

function describe(adapter: GPUAdapter & { readonly info?: Info }): AdapterDescription {
  const {
    vendor = '',
    architecture = '',
    device = '',
    description = '',
    isFallbackAdapter = false,
  } = adapter.info ?? {};
  const named = softwareNames.test([vendor, architecture, device, description].join(' '));
  return { vendor, architecture, device, description, software: isFallbackAdapter || named };
}

/** The host's own WebGPU, or Dawn's on Node. */
async function openGpu(): Promise<GPU> {
  const own = hostGpu();
  if (own) return own;
  if (isNode()) return openDawn();
  throw new BackendError(
    'useBackend',
    'webgpu must be offered by this browser to this page, got no navigator.gpu',
    'serve the page over https or from localhost to a browser with WebGPU, or use wasm',
  );
}

/**
 * The adapter that WebGPU prefers.
 *
 * @throws BackendError when the host has no WebGPU, or WebGPU has no adapter
 */
export async function findAdapter(): Promise<Found> {
  const gpu = await openGpu();
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter) return { gpu, adapter, description: describe(adapter) };
  throw new BackendError(
    'useBackend',
    'webgpu must find an adapter, got none',
    isNode()
      ? 'install a driver: on Linux a Vulkan driver and libvulkan.so.1, named by VK_ICD_FILENAMES if need be; or use wasm'
      : 'update the GPU driver or enable hardware acceleration in the browser; or use wasm',
  );
}
