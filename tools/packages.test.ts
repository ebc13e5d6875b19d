/** The packages as npm would publish them: `check-packages.mjs` and the short form of `smoke-packages.mjs`. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { launchChromium } from './gpu/launch-chromium.ts';
import { canRun } from './gpu/unpack.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = readdirSync(`${root}/packages`);
const built = folders.every((folder) => existsSync(`${root}/packages/${folder}/dist/index.js`));
if (!built) process.stderr.write('skipped: the packages as npm would publish them, since they are not built\n');

async function runTool(name: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [`${root}/tools/${name}`, ...args], { cwd: root });
  return stdout;
}

it.skipIf(!built)('are whole, small, and right for importers', async () => {
  expect(await runTool('check-packages.mjs')).toMatch(/^7 packages, 0 findings$/m);
});

it.skipIf(!built)(
  'work in an empty project outside the workspace',
  async () => {
    const page = mkdtempSync(join(tmpdir(), 'fqsr-page-'));
    onTestFinished(() => rmSync(page, { recursive: true, force: true }));
    const said = await runTool('smoke-packages.mjs', '--page', page);
    const libraries = folders.filter((folder) => folder !== 'cli');
    for (const folder of libraries) expect(said).toContain(`ok: README of ${folder} on`);
    for (const what of ['plain JavaScript', 'the command', 'TypeScript, moduleResolution nodenext', 'bundler', 'Vite'])
      expect(said).toContain(what);
    if (canRun() || process.env['FQSR_CHROMIUM']) expect(await titleOf(page)).toBe('wasm equal');
    else process.stderr.write('skipped: the bundled page, since no Chromium runs here (set FQSR_CHROMIUM)\n');
  },
  240_000,
);

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };

/** What a page of a folder says in its title in the end, or the first thing that it complains about. */
async function titleOf(folder: string): Promise<string> {
  const server = createServer(({ url = '/' }, response) => {
    const path = join(folder, url === '/' ? 'index.html' : url);
    response.writeHead(existsSync(path) ? 200 : 404, {
      'content-type': types[extname(path)] ?? 'application/octet-stream',
    });
    response.end(existsSync(path) ? readFileSync(path) : '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const failed = new Promise<string>((resolve) => page.on('pageerror', ({ message }) => resolve(message)));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const ended = page.waitForFunction(() => document.title !== '').then(() => page.title());
    return await Promise.race([ended, failed]);
  } finally {
    await browser.close();
    server.close();
  }
}
