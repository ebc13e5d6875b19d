/**
 * Types of what this package uses of the host's WebAssembly and of the module inside TF.js's WASM backend, neither of which has types without the DOM
 * library or the Emscripten typings.
 */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { BackendError } from '../error.js';

/** A linear memory. */
interface Memory {
  readonly buffer: ArrayBufferLike;
}

/** The parts of `globalThis.WebAssembly` in use. */
interface WebAssemblyApi {
  readonly validate: (bytes: Uint8Array) => boolean;
  readonly Memory: new (descriptor: { readonly initial: number }) => Memory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
}

/** What Emscripten's module offers: the current view of its memory, and its allocator. */
export interface TensorModule {
  readonly HEAPU8: Uint8Array;
  _malloc: (bytes: number) => number;
  readonly _free: (address: number) => void;
}

/** The host's WebAssembly. */
export const webAssembly = () => Reflect.get(globalThis, 'WebAssembly') as WebAssemblyApi;

/** The module inside a backend. */
export function tensorModule(backend: BackendWasm): TensorModule {
  const module: object = backend.wasm;
  return module as TensorModule;
}

/**
 * The memory in which a backend keeps its tensors.
 *
 * @throws BackendError when the backend does not give it out
 */
export function tensorMemory(backend: BackendWasm): Memory {
  const module = tensorModule(backend);
  const exports: unknown = Reflect.get(module, 'asm');
  const candidates: unknown[] = [Reflect.get(module, 'wasmMemory')];
  if (typeof exports === 'object' && exports !== null) candidates.push(Reflect.get(exports, 'memory'));
  const { Memory } = webAssembly();
  for (const memory of candidates) if (memory instanceof Memory) return memory;
  throw new BackendError(
    'useBackend',
    "TF.js's WASM backend must give out its memory, got none",
    'install @tensorflow/tfjs-backend-wasm 4.22',
  );
}
