/**
 * Where TF.js's `.wasm` files are on Node.
 */

/** Whether this is Node (or a host that acts as Node). */
export const isNode = (): boolean => typeof process !== 'undefined' && typeof process.versions?.node === 'string';

/**
 * The folder of TF.js's `.wasm` files with a trailing slash, found by Node's own resolution from this module, then from the running script, then from the
 * working folder, so that it is found when this package is bundled too. `undefined` where there is none: TF.js then looks beside its own script.
 */
export async function wasmFolder(): Promise<string | undefined> {
  const { createRequire } = await import('node:module');
  const { dirname, join } = await import('node:path');
  const starts = [import.meta.url, process.argv[1], join(process.cwd(), 'package.json')];
  for (const start of starts) {
    if (!start) continue;
    try {
      const manifest = createRequire(start).resolve('@tensorflow/tfjs-backend-wasm/package.json');
      return `${join(dirname(manifest), 'dist')}/`;
    } catch {
      // Not installed as seen from there.
    }
  }
  return undefined;
}
