/**
 * A page in a headless Chromium that runs one TypeScript file of this workspace.
 */
import type { Page } from 'playwright-core';
import { bundle, wasmFiles } from './bundle.ts';
import { isolatedPage } from './isolated-page.ts';
import { launchChromium } from './launch-chromium.ts';

/** Bundles `entry` and opens a page that has run it; `close` ends the browser. */
export async function scriptPage(entry: string): Promise<{ readonly page: Page; readonly close: () => Promise<void> }> {
  const script = await bundle(entry);
  const browser = await launchChromium();
  const close = () => browser.close();
  try {
    const page = await isolatedPage(browser, { '/main.js': script, ...wasmFiles() });
    await page.addScriptTag({ url: '/main.js' });
    return { page, close };
  } catch (error) {
    await close();
    throw error;
  }
}
