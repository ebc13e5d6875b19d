/** The page of `fqsr serve` in Chromium: an image dropped, both backends, the slider, a broken file, the training runs. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeImage, encodePng, makeImage, resizeBicubic } from '@fqsr/datasets';
import { measure } from '@fqsr/metrics';
import { load } from '@fqsr/runtime';
import { bestZooModel } from '@fqsr/sr-models/zoo';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runDefaults } from '../../packages/cli/src/commands/train.ts';
import { servedModels } from '../../packages/cli/src/serve/models.ts';
import { startServer } from '../../packages/cli/src/serve/server.ts';
import { resolveModel } from '../../packages/cli/src/training.ts';
import { randomImage } from '../../packages/runtime/test/models.ts';
import { launchChromium } from '../gpu/launch-chromium.ts';
import { canRun } from '../gpu/unpack.ts';

const built = fileURLToPath(new URL('../../packages/cli/dist/page/', import.meta.url));
const isBuilt = existsSync(`${built}index.html`);
const runs = isBuilt && (canRun() || Boolean(process.env['FQSR_CHROMIUM']));
if (!isBuilt) process.stderr.write('skipped: the page, since packages/cli/dist/page is not built (npm run build)\n');
else if (!runs) process.stderr.write('skipped: the page, since no Chromium runs here (set FQSR_CHROMIUM)\n');

/** Where screenshots go, to be looked at. */
const shots = process.env['FQSR_SCREENSHOTS'];

describe.skipIf(!runs)('the page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fqsr-serve-'));
  const at = (name: string) => join(folder, name);
  const best = runs ? bestZooModel(2) : null;
  let browser: Browser;
  let server: Server;
  let url = '';
  let wanted = '';

  beforeAll(async () => {
    const hr = makeImage(64, 48, randomImage(5, 64, 48).data);
    const lr = resizeBicubic(hr, { width: 32, height: 24 });
    writeFileSync(at('hr.png'), await encodePng(hr));
    writeFileSync(at('small.png'), await encodePng(lr));
    writeFileSync(at('broken.png'), (await encodePng(lr)).subarray(0, 200));
    const upscaler = await load(best?.url as URL, { threads: 1 });
    const result = await upscaler.upscale(await decodeImage(await encodePng(lr)));
    upscaler.dispose();
    const { psnr, ssim } = measure(makeImage(64, 48, Uint8Array.from(result.data)), hr, {
      convention: 'edsr-benchmark',
      scale: 2,
    });
    wanted = `${psnr.toFixed(2)} dB / ${ssim.toFixed(4)}`;
    mkdirSync(at('runs/one'), { recursive: true });
    const config = {
      ...runDefaults,
      ...(await resolveModel({ model: 'edsr-f8b2', scale: 2, plan: 'w4a4s8' })),
      steps: 9,
    };
    writeFileSync(at('runs/one/run.json'), JSON.stringify({ format: 'fqsr-run', version: 1, config }));
    const lines = Array.from({ length: 5 }, (_, i) => JSON.stringify({ step: i + 1, loss: 9 - i, learningRate: 1e-3 }));
    writeFileSync(at('runs/one/log.jsonl'), `${lines.join('\n')}\n`);
    ({ server, url } = await startServer(
      { models: await servedModels([]), runs: at('runs'), page: built },
      { host: '127.0.0.1', port: 0 },
    ));
    browser = await launchChromium();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens the page; every request must go to its own server, and nothing may be complained about. */
  async function open(options: Parameters<Browser['newPage']>[0] = {}) {
    const page = await browser.newPage({ viewport: { width: 1100, height: 900 }, ...options });
    const said: string[] = [];
    page.on('console', (message) => message.type() === 'error' && said.push(message.text()));
    page.on('pageerror', (error) => said.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(url) && !/^(blob|data):/.test(request.url())) said.push(request.url());
    });
    await page.goto(url);
    await page.waitForFunction(() => document.querySelectorAll('#audit tr').length > 1);
    return { page, said };
  }

  const done = (page: Page) =>
    page.waitForFunction(() => document.querySelector('#status')?.textContent?.includes(' to '));
  const facts = (page: Page) => page.locator('#facts').textContent();
  const shot = async (page: Page, name: string) => {
    if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
  };
  /** The bytes of the result, as the page draws it. */
  const pixels = (page: Page) =>
    page.evaluate(() => {
      const canvas = document.querySelectorAll<HTMLCanvasElement>('#compare canvas')[1] as HTMLCanvasElement;
      return Array.from(canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? []);
    });

  test('upscales what is dropped, on both backends alike, isolated and with PSNR', async () => {
    const { page, said } = await open();
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await page.selectOption('#model', best?.name as string);
    await page.setInputFiles('#truth', at('hr.png'));
    const bytes = Array.from(await import('node:fs').then(({ readFileSync }) => readFileSync(at('small.png'))));
    const transfer = await page.evaluateHandle((given) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(given)], 'small.png', { type: 'image/png' }));
      return data;
    }, bytes);
    await page.selectOption('#backend', 'wasm');
    await page.dispatchEvent('#drop', 'drop', { dataTransfer: transfer });
    await done(page);
    expect(await facts(page)).toContain('64 x 48');
    expect(await facts(page)).toContain(wanted);
    expect(await facts(page)).toMatch(/wasm, \d+ threads?, in the worker/);
    const wasm = await pixels(page);
    await page.selectOption('#backend', 'webgpu');
    await page.waitForFunction(() => document.querySelector('#facts')?.textContent?.includes('webgpu'), undefined, {
      timeout: 60_000,
    });
    expect(await pixels(page)).toEqual(wasm);
    await shot(page, 'result');
    await page.close();
    expect(said).toEqual([]);
  });

  test('compares by a line that the keyboard moves, and zooms', async () => {
    const { page, said } = await open();
    await page.selectOption('#model', best?.name as string);
    await page.setInputFiles('#file', at('small.png'));
    await done(page);
    const line = page.getByRole('slider', { name: 'Share of the image before' });
    await line.focus();
    await page.keyboard.press('Home');
    expect(await line.getAttribute('aria-valuenow')).toBe('0');
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight');
    expect(await line.getAttribute('aria-valuenow')).toBe('10');
    const box = await line.boundingBox();
    await page.mouse.move((box?.x ?? 0) + 22, (box?.y ?? 0) + 100);
    await page.mouse.down();
    await page.mouse.move((box?.x ?? 0) + 322, (box?.y ?? 0) + 100);
    await page.mouse.up();
    expect(Number(await line.getAttribute('aria-valuenow'))).toBeGreaterThan(30);
    expect(await page.locator('#factor').textContent()).toBe('4.0x');
    await page.keyboard.press('+');
    expect(await page.locator('#factor').textContent()).toBe('5.0x');
    await page.locator('#compare').hover({ position: { x: 100, y: 100 } });
    await page.mouse.wheel(0, -100);
    expect(await page.locator('#factor').textContent()).toBe('6.3x');
    await page.getByRole('button', { name: 'Fit' }).click();
    expect(await page.locator('#factor').textContent()).toBe('4.0x');
    await page.close();
    expect(said).toEqual([]);
  });

  test('compares by a finger, on a telephone', async () => {
    const { page, said } = await open({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    await page.setInputFiles('#file', at('small.png'));
    await done(page);
    const line = page.getByRole('slider', { name: 'Share of the image before' });
    const box = (await page.locator('#compare').boundingBox()) as {
      x: number;
      y: number;
      width: number;
      height: number;
    };
    const y = box.y + box.height / 2;
    const finger = await page.context().newCDPSession(page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', share: number) =>
      finger.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: type === 'touchEnd' ? [] : [{ x: box.x + share * box.width, y }],
      });
    await line.scrollIntoViewIfNeeded();
    const handle = (await line.boundingBox()) as { x: number; width: number };
    await touch('touchStart', (handle.x + handle.width / 2 - box.x) / box.width);
    for (const share of [0.6, 0.7, 0.8]) await touch('touchMove', share);
    await touch('touchEnd', 0.8);
    const moved = Number(await line.getAttribute('aria-valuenow'));
    expect(moved).toBeGreaterThan(60);
    await page.close();
    expect(said).toEqual([]);
  });

  test('says in one line what is wrong with a broken file, and goes on', async () => {
    const { page } = await open();
    await page.setInputFiles('#file', at('broken.png'));
    await page.getByRole('alert').filter({ hasText: 'must be an image' }).waitFor();
    const line = await page.getByRole('alert').textContent();
    expect(line).toBe('broken.png must be an image that this browser decodes, got image/png');
    await shot(page, 'broken');
    await page.setInputFiles('#file', at('small.png'));
    await done(page);
    expect(await page.getByRole('alert').isHidden()).toBe(true);
    await page.close();
  });

  test.each([
    ['light', 1100],
    ['dark', 360],
  ] as const)('fits: %s, %i pixels wide', async (colorScheme, width) => {
    const { page, said } = await open({ viewport: { width, height: 800 }, colorScheme });
    await page.setInputFiles('#file', at('small.png'));
    await done(page);
    const found = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth,
      background: getComputedStyle(document.body).backgroundColor,
    }));
    expect(found.wide).toBeLessThanOrEqual(width);
    expect(found.background).toBe(colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(20, 24, 31)');
    await shot(page, `page-${colorScheme}-${width}`);
    await page.close();
    expect(said).toEqual([]);
  });

  test('shows training runs, and looks again at one that goes on', async () => {
    const { page, said } = await open();
    await page.getByRole('link', { name: 'Training runs' }).click();
    await page.getByRole('link', { name: 'one' }).click();
    expect(await page.locator('h1').textContent()).toBe('Training run one');
    expect(await page.locator('meta[http-equiv=refresh]').count()).toBe(1);
    expect(await page.locator('body').textContent()).toContain('5 of 9');
    await shot(page, 'run');
    await page.getByRole('link', { name: 'Training runs' }).click();
    await page.waitForURL(`${url}runs`);
    await page.close();
    expect(said).toEqual([]);
  });

  test('serves nothing else', async () => {
    for (const path of [
      '../package.json',
      'assets/%2e%2e/%2e%2e/main.js',
      'runs/..%2f..',
      'runs/none',
      'models/x.fqsr',
      '%',
    ]) {
      const { status, headers } = await fetch(`${url}${path}`).then(async (response) => {
        expect((await response.text()).trimEnd().split('\n')).toHaveLength(1);
        return response;
      });
      expect(status, path).toBe(404);
      expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    }
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  });
});
