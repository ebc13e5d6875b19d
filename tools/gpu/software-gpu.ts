/**
 * A Vulkan device for machines that have none: SwiftShader, out of `@sparticuz/chromium`.
 *
 * `FQSR_GPU` chooses: `software` (always SwiftShader), `system` (whatever Vulkan finds). Unset, the system's GPU is used where there seems to be one.
 */
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { bundles, canRun, unpack } from './unpack.ts';

/** Which device WebGPU gets here, the variables that a process must be *started* with to find it, and why. */
export interface GpuChoice {
  readonly device: 'software' | 'system';
  readonly why: string;
  /** To be merged into the environment of a child process; empty for the system's device. */
  readonly env: Readonly<Record<string, string>>;
}

/** Whether a Vulkan driver of a hardware vendor and a device node for it are here (Linux). */
function hasHardware(): boolean {
  const names = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);
  const drivers = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'].flatMap(names);
  const nodes = [...names('/dev/dri').filter((name) => name.startsWith('renderD')), ...names('/dev').filter(isNvidia)];
  return nodes.length > 0 && drivers.some((name) => !name.startsWith('lvp'));
}
const isNvidia = (name: string): boolean => /^nvidia\d/.test(name);

/**
 * The device for tests. Its `env` must be set before a process starts: the Vulkan loader and the dynamic linker read it then.
 *
 * @throws Error for another value of `FQSR_GPU`, or when `software` is asked for and cannot be had
 *
 * @example
 * const { env } = await softwareGpu();
 * spawn(process.execPath, ['test.js'], { env: { ...process.env, ...env } });
 */
export async function softwareGpu(): Promise<GpuChoice> {
  const wish = process.env['FQSR_GPU'] ?? 'auto';
  if (!['auto', 'software', 'system'].includes(wish)) {
    throw new Error(`[tools] softwareGpu: FQSR_GPU must be software or system, got ${wish} (or leave it unset)`);
  }
  const system = (why: string): GpuChoice => ({ device: 'system', why, env: {} });
  if (wish === 'system') return system('FQSR_GPU=system');
  if (!canRun()) {
    if (wish === 'auto')
      return system(`the software device is built for linux x64, this is ${process.platform} ${process.arch}`);
    throw new Error('[tools] softwareGpu: FQSR_GPU=software needs linux x64, got another (leave FQSR_GPU unset)');
  }
  if (wish === 'auto' && process.env['VK_ICD_FILENAMES']) return system('VK_ICD_FILENAMES is set');
  if (wish === 'auto' && hasHardware()) return system('this machine has a Vulkan driver and a GPU');
  const folder = await unpack(bundles.swiftshader);
  const paths = [folder, ...(process.env['LD_LIBRARY_PATH'] ?? '').split(delimiter)].filter(Boolean);
  return {
    device: 'software',
    why: wish === 'software' ? 'FQSR_GPU=software' : 'no GPU was found',
    // The choice is named for processes that inherit these, which find a driver set.
    env: {
      FQSR_GPU: 'software',
      VK_ICD_FILENAMES: join(folder, 'vk_swiftshader_icd.json'),
      LD_LIBRARY_PATH: [...new Set(paths)].join(delimiter),
    },
  };
}
