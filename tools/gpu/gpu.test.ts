import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { isolatedPage } from './isolated-page.ts';
import { launchChromium } from './launch-chromium.ts';
import { softwareGpu } from './software-gpu.ts';
import { bundles, canRun, unpack } from './unpack.ts';

afterEach(() => vi.unstubAllEnvs());

describe('the device for tests', () => {
  test('FQSR_GPU=system changes nothing', async () => {
    vi.stubEnv('FQSR_GPU', 'system');
    expect(await softwareGpu()).toEqual({ device: 'system', why: 'FQSR_GPU=system', env: {} });
  });
  test('another value is refused', async () => {
    vi.stubEnv('FQSR_GPU', 'fast');
    await expect(softwareGpu()).rejects.toThrow('FQSR_GPU must be software or system, got fast');
  });
  test.skipIf(!canRun())('FQSR_GPU=software names a driver that is there, and its folder once', async () => {
    vi.stubEnv('FQSR_GPU', 'software');
    const { env } = await softwareGpu();
    expect(existsSync(env['VK_ICD_FILENAMES'] ?? '')).toBe(true);
    const folder = await unpack(bundles.swiftshader);
    expect(existsSync(join(folder, 'libvulkan.so.1'))).toBe(true);
    expect(env['LD_LIBRARY_PATH']?.split(':').filter((path) => path === folder)).toHaveLength(1);
  });
});

describe('the browser', () => {
  test.skipIf(!canRun() && !process.env['FQSR_CHROMIUM'])(
    'has WebGPU, shared memory and the files served',
    async () => {
      const browser = await launchChromium();
      try {
        const page = await isolatedPage(browser, { '/main.js': 'globalThis.answer = () => 42;' });
        await page.addScriptTag({ url: '/main.js' });
        const found = await page.evaluate(async () => ({
          answer: (globalThis as { answer?: () => number }).answer?.(),
          isolated: globalThis.crossOriginIsolated,
          adapter: Boolean(await navigator.gpu.requestAdapter()),
          other: (await fetch('/other.js')).status,
        }));
        expect(found).toEqual({ answer: 42, isolated: true, adapter: true, other: 404 });
      } finally {
        await browser.close();
      }
    },
  );
});
