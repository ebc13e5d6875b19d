/**
 * Where TF.js's `.wasm` files are on Node.
 */
import { resolveModule } from '../host.js';

/** The folder of TF.js's `.wasm` files with a trailing slash. `undefined` where there is none: TF.js then looks beside its own script. */
export function wasmFolder(): string | undefined {
  const manifest = resolveModule('@tensorflow/tfjs-backend-wasm/package.json');
  if (!manifest) return undefined;
  const { dirname, join } = process.getBuiltinModule('node:path');
  return `${join(dirname(manifest), 'dist')}/`;
}
