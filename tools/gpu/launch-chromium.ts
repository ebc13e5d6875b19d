/**
 * A headless Chromium for tests, with WebGPU on the software device where there is no GPU.
 *
 * `FQSR_CHROMIUM` names the executable of another Chromium or Chrome, which then brings its own libraries.
 */
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { softwareGpu } from './software-gpu.ts';
import { bundles, canRun, unpack } from './unpack.ts';

/** Compositing on the same device as WebGPU: without it, drawing a WebGPU canvas (by which TF.js reads synchronously) gives zeros. */
const softwareFlags = [
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist',
];
const flags = ['--no-sandbox', '--enable-unsafe-webgpu', '--disable-dev-shm-usage'];

/** The executable and the folder of libraries that it needs, if any. */
async function findChromium(): Promise<{ executablePath: string; libraries: readonly string[] }> {
  const named = process.env['FQSR_CHROMIUM'];
  if (named) return { executablePath: named, libraries: [] };
  if (!canRun()) {
    throw new Error(
      `[tools] launchChromium: the packed Chromium must run on linux x64, got ${process.platform} ${process.arch} (set FQSR_CHROMIUM to a Chrome)`,
    );
  }
  const folder = await unpack(bundles.chromium);
  return { executablePath: join(folder, 'chromium'), libraries: [join(folder, 'lib'), folder] };
}

/**
 * Starts a browser; the caller closes it. The first call unpacks it, which takes some seconds.
 *
 * @throws Error where the packed Chromium does not run and no other is named
 *
 * @example
 * const browser = await launchChromium();
 * const page = await browser.newPage();
 * await page.evaluate(() => navigator.gpu.requestAdapter());
 * await browser.close();
 */
export async function launchChromium(): Promise<Browser> {
  const [{ executablePath, libraries }, gpu] = await Promise.all([findChromium(), softwareGpu()]);
  const paths = [...libraries, process.env['LD_LIBRARY_PATH']].filter(Boolean).join(delimiter);
  const env = { ...process.env, ...gpu.env, ...(paths && { LD_LIBRARY_PATH: paths }) };
  return chromium.launch({
    executablePath,
    args: [...flags, ...(gpu.device === 'software' ? softwareFlags : [])],
    env: Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)),
  });
}
