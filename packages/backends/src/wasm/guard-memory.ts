/** What TF.js's WASM backend does when its memory is full: without this, it writes to address 0 and fails later, somewhere else. */
import { MemoryError } from '../memory.js';
import type { TensorModule } from './host.js';

/**
 * Makes the allocator of a backend's module throw where it would return 0.
 *
 * @param module changed in place, once for each backend
 */
export function guardMemory(module: TensorModule): void {
  // Emscripten's allocator puts itself in its own place when it is first called.
  module._free(module._malloc(4));
  const allocate = module._malloc;
  module._malloc = (bytes) => {
    const address = allocate(bytes);
    if (address === 0 && bytes > 0) throw new MemoryError('malloc', bytes, module.HEAPU8.byteLength);
    return address;
  };
}
