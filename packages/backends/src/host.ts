/**
 * What the host offers. Node's own modules are asked for at run time, so that bundlers for browsers meet no import of them.
 */

/** Whether this is Node (or a host that acts as Node). */
export const isNode = (): boolean => typeof process !== 'undefined' && typeof process.versions?.node === 'string';

/** WebGPU as browsers offer it; `undefined` where nobody does. */
export const hostGpu = (): GPU | undefined =>
  (globalThis as { readonly navigator?: { readonly gpu?: GPU } }).navigator?.gpu;

/**
 * The path of an installed module, e.g. `webgpu` or `name/package.json`, found by Node's own resolution from this module, then from the running script, then
 * from the working folder, so that it is found when this package is bundled or installed elsewhere too. `undefined` where there is none.
 */
export function resolveModule(name: string): string | undefined {
  const { createRequire } = process.getBuiltinModule('node:module');
  const { join } = process.getBuiltinModule('node:path');
  for (const start of [import.meta.url, process.argv[1], join(process.cwd(), 'package.json')]) {
    if (!start) continue;
    try {
      return createRequire(start).resolve(name);
    } catch {
      // Not installed as seen from there.
    }
  }
  return undefined;
}
