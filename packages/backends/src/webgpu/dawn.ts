/**
 * WebGPU on Node: Dawn, from the optional peer `webgpu`.
 */
import { BackendError } from '../error.js';
import { resolveModule } from '../host.js';

/** What the package `webgpu` exports. */
interface Dawn {
  readonly create: (options: readonly string[]) => GPU;
  /** `GPUBuffer`, `GPUBufferUsage`, ... that browsers have as globals. */
  readonly globals: object;
}

const isDawn = (module: object): module is Dawn =>
  'create' in module &&
  typeof module.create === 'function' &&
  'globals' in module &&
  typeof module.globals === 'object';

/**
 * Loads Dawn and returns its `GPU`. It becomes `navigator.gpu`, and WebGPU's classes and constants become globals, as in browsers: TF.js reads them there,
 * and a process must have one Dawn only, since a second one's end can abort it.
 *
 * @throws BackendError when the peer is not installed, or does not load on this machine
 */
export async function openDawn(): Promise<GPU> {
  const path = resolveModule('webgpu');
  if (!path) {
    throw new BackendError(
      'useBackend',
      'webgpu on Node must have the package webgpu installed, got none',
      'npm install webgpu',
    );
  }
  const { pathToFileURL } = process.getBuiltinModule('node:url');
  const module: object = await import(/* @vite-ignore */ pathToFileURL(path).href).catch((cause: unknown) => {
    throw new BackendError(
      'useBackend',
      `the package webgpu must load on this machine, got ${cause instanceof Error ? cause.message : cause}`,
      'it holds binaries for some systems only; use wasm here',
      { cause },
    );
  });
  if (!isDawn(module)) {
    throw new BackendError(
      'useBackend',
      `the package webgpu must export create and globals, got ${Object.keys(module).join(', ')}`,
      'install webgpu 0.6',
    );
  }
  const gpu = module.create([]);
  define(globalThis, module.globals);
  // Node has a navigator from version 21 on.
  define(globalThis, { navigator: {} });
  define(Reflect.get(globalThis, 'navigator'), { gpu });
  return gpu;
}

/** Adds what `target` does not have yet. */
function define(target: object, values: object): void {
  for (const [name, value] of Object.entries(values)) {
    if (!(name in target)) Object.defineProperty(target, name, { value, configurable: true, writable: true });
  }
}
