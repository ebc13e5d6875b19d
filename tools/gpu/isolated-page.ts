/**
 * A page of its own origin, served from memory.
 */
import { extname } from 'node:path';
import type { Browser, Page } from 'playwright-core';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};
const origin = 'http://localhost:1';
const headers = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
};

/**
 * Opens a cross-origin isolated page (so it has shared memory, and being local, WebGPU) whose site is `files`: path to content. Other paths answer 404,
 * `/` an empty document.
 *
 * @example
 * const page = await isolatedPage(browser, { '/main.js': 'globalThis.answer = () => 42;' });
 * await page.addScriptTag({ url: '/main.js' });
 * await page.evaluate('answer()'); // 42
 */
export async function isolatedPage(browser: Browser, files: Readonly<Record<string, string | Buffer>>): Promise<Page> {
  const page = await browser.newPage();
  await page.route('**/*', async (route) => {
    const { pathname } = new URL(route.request().url());
    const body = files[pathname] ?? (pathname === '/' ? '<!doctype html>' : undefined);
    if (body === undefined) return route.fulfill({ status: 404, headers });
    const contentType = pathname === '/' ? 'text/html' : (types[extname(pathname)] ?? 'application/octet-stream');
    return route.fulfill({ status: 200, headers, contentType, body });
  });
  await page.goto(`${origin}/`);
  return page;
}
