/** `@fqsr/datasets` in a real browser: what its bundle contains, and that images mean there what they mean on Node. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { decodeImage, degrade, encodePng, type Image, openSource, resizeBicubic } from '@fqsr/datasets';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isolatedPage } from '../gpu/isolated-page.ts';
import { launchChromium } from '../gpu/launch-chromium.ts';
import { canRun } from '../gpu/unpack.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const built = existsSync(`${root}/packages/datasets/dist/browser/index.js`);
const runs = built && (canRun() || Boolean(process.env['FQSR_CHROMIUM']));
if (!built)
  process.stderr.write('skipped: @fqsr/datasets in a browser, since packages/datasets/dist/browser is not built\n');
else if (!runs)
  process.stderr.write('skipped: @fqsr/datasets in a browser, since no Chromium runs here (set FQSR_CHROMIUM)\n');

/** The package as a user's bundler sees it: by its `browser` condition, everything inlined. */
async function bundleForBrowsers() {
  const contents = "import * as datasets from '@fqsr/datasets'; globalThis.datasets = datasets;";
  return build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    write: false,
    metafile: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  });
}

describe.skipIf(!built)('the bundle for browsers', () => {
  test('holds neither sharp nor a module of Node', async () => {
    const { metafile, errors, outputFiles } = await bundleForBrowsers();
    expect(errors).toEqual([]);
    const inputs = Object.keys(metafile.inputs);
    expect(inputs.some((path) => path.endsWith('packages/datasets/dist/browser/index.js'))).toBe(true);
    expect(inputs.filter((path) => /sharp|node:|node_modules\/(tar|yauzl|env-paths|@stdlib)\//.test(path))).toEqual([]);
    const imported = Object.values(metafile.outputs).flatMap((output) => output.imports);
    expect(imported).toEqual([]);
    expect(outputFiles[0]?.text).not.toMatch(/require\(|from ?"node:/);
  });
});

interface Decoded {
  readonly width: number;
  readonly height: number;
  readonly grey: boolean;
  readonly stored: unknown;
  readonly data: readonly number[];
}

describe.skipIf(!runs)('in Chromium', () => {
  const [width, height] = [37, 21];
  const samples = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7 + (i >> 5)) & 255);
  const smooth = Uint8Array.from({ length: 64 * 48 * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % 64;
    return 120 + 60 * Math.sin(x / 9 + (i % 3)) + 30 * Math.cos(Math.floor(i / 192) / 7);
  });
  const raw = { width, height, channels: 3 } as const;
  const image = () => sharp(samples, { raw });
  const soft = () => sharp(smooth, { raw: { width: 64, height: 48, channels: 3 } });
  const deep = (channels: 1 | 2 | 3 | 4) =>
    sharp(
      Uint16Array.from({ length: width * height * channels }, (_, i) => (i * 2657) & 0xffff),
      {
        raw: { width, height, channels },
      },
    );
  const withAlpha = (channels: 2 | 4) =>
    sharp(
      Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 11) & 255),
      {
        raw: { width, height, channels },
      },
    );
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const { outputFiles } = await bundleForBrowsers();
    browser = await launchChromium();
    page = await isolatedPage(browser, {
      '/datasets.js': outputFiles[0]?.text ?? '',
      '/photo.png': await image().png().toBuffer(),
    });
    await page.addScriptTag({ url: '/datasets.js' });
  });
  afterAll(() => browser.close());

  /** Decodes in the page. */
  const decodeThere = (bytes: Uint8Array, name: string): Promise<Decoded> =>
    page.evaluate(
      async ([base64, what]) => {
        const { datasets } = globalThis as unknown as { datasets: typeof import('@fqsr/datasets') };
        const file = Uint8Array.from(atob(base64 ?? ''), (letter) => letter.charCodeAt(0));
        const { data, width, height, grey = false, stored } = await datasets.decodeImage(file, what);
        return { width, height, grey, stored, data: [...data] };
      },
      [Buffer.from(bytes).toString('base64'), name],
    );

  test.each<[string, () => Sharp]>([
    ['PNG', () => image().png()],
    ['interlaced PNG', () => image().png({ progressive: true })],
    ['palette', () => image().png({ palette: true, colours: 8 })],
    ['palette of 2', () => image().png({ palette: true, colours: 2 })],
    ['grey PNG', () => image().toColourspace('b-w').png()],
    ['PNG of 16 bits', () => deep(3).toColourspace('rgb16').png()],
    ['grey PNG of 16 bits', () => deep(1).toColourspace('grey16').png()],
    ['PNG with alpha', () => withAlpha(4).png()],
    ['grey PNG with alpha', () => withAlpha(2).toColourspace('b-w').png()],
    ['PNG of 16 bits with alpha', () => deep(4).toColourspace('rgb16').png()],
    ['palette with alpha', () => withAlpha(4).png({ palette: true, colours: 16 })],
    ['PNG with an sRGB profile', () => image().withIccProfile('srgb').png()],
    ['lossless WebP', () => image().webp({ lossless: true })],
  ])('%s is what it is on Node, bit for bit', async (name, make) => {
    const bytes = await make().toBuffer();
    const { data, width, height, grey = false, stored } = await decodeImage(bytes, name);
    const there = await decodeThere(bytes, name);
    expect({ ...there, data: 0 }).toEqual({ width, height, grey, stored, data: 0 });
    expect(Buffer.compare(Buffer.from(there.data), data)).toBe(0);
  });

  test.each<[string, () => Sharp]>([
    ['JPEG', () => soft().jpeg({ quality: 95, chromaSubsampling: '4:4:4' })],
    ['JPEG of halved chroma', () => soft().jpeg({ quality: 90 })],
    ['progressive JPEG', () => soft().jpeg({ progressive: true })],
    ['grey JPEG', () => soft().greyscale().jpeg()],
    ['turned JPEG', () => soft().withMetadata({ orientation: 6 }).jpeg({ chromaSubsampling: '4:4:4' })],
    ['lossy WebP', () => soft().webp({ quality: 90 })],
    ['PNG with a P3 profile', () => soft().withIccProfile('p3').png()],
  ])('%s is what it is on Node, but for rounding', async (name, make) => {
    const bytes = await make().toBuffer();
    const { data, width, height, grey = false, stored } = await decodeImage(bytes, name);
    const there = await decodeThere(bytes, name);
    expect({ ...there, data: 0 }).toEqual({ width, height, grey, stored, data: 0 });
    const largest = there.data.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (data[i] ?? 0))), 0);
    expect(largest).toBeLessThanOrEqual(1);
  });

  test.each<[string, () => Sharp, RegExp]>([
    [
      'CMYK',
      () => image().toColourspace('cmyk').jpeg(),
      /CMYK cannot be decoded exactly in a browser: it has 4 channels/,
    ],
    ['WebP with alpha', () => withAlpha(4).webp({ lossless: true }), /it has an alpha channel/],
    ['turned PNG', () => image().withMetadata({ orientation: 6 }).png(), /it has an orientation/],
    ['deep P3', () => deep(3).toColourspace('rgb16').withIccProfile('p3').png(), /it has a colour profile and 16 bits/],
    ['GIF', () => image().gif(), /GIF must be an image file, got other data \(use PNG, JPEG or WebP\)/],
  ])('%s is refused by name', async (name, make, message) => {
    await expect(decodeThere(await make().toBuffer(), name)).rejects.toThrow(message);
  });

  test.each<[string, () => Sharp]>([
    ['a.png', () => image().png()],
    ['deep.png', () => deep(3).toColourspace('rgb16').png()],
    ['a.jpg', () => soft().jpeg()],
    ['a.webp', () => soft().webp()],
  ])('%s is refused when it is cut, altered or empty', async (name, make) => {
    const bytes = await make().toBuffer();
    for (const share of [0.3, 0.6, 0.95]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share));
      await expect(decodeThere(cut, name)).rejects.toThrow(`[datasets] readImage: ${name} is damaged or truncated: `);
    }
    await expect(decodeThere(bytes.subarray(0, 0), name)).rejects.toThrow(`${name} must be an image file`);
    if (!name.endsWith('.png')) return;
    const altered = Buffer.from(bytes);
    altered[altered.length - 40] = (altered[altered.length - 40] ?? 0) ^ 1;
    await expect(decodeThere(altered, name)).rejects.toThrow(`${name} is damaged or truncated: its IDAT is wrong`);
  });

  test('addresses, resizes, dead leaves, patches and degradations are those of Node', async () => {
    const there = await page.evaluate(async () => {
      const { datasets } = globalThis as unknown as { datasets: typeof import('@fqsr/datasets') };
      const photo = await datasets.readImage('/photo.png');
      const leaves = await (await datasets.openSource('dead-leaves:1:64')).hr(0);
      const small = datasets.resizeBicubic(leaves, 1 / 3);
      const png = await datasets.decodeImage(await datasets.encodePng(leaves));
      const source = await datasets.openSource('hr:dead-leaves:3:48');
      const stream = datasets.createPatchStream(source, { scale: 2, patchSize: 8, batchSize: 2, seed: 1 });
      const { lr } = await stream.batch(3);
      const missing = await datasets.readImage('/none.png').catch(String);
      const jpeg = await datasets
        .degrade(leaves, { scale: 2, steps: [{ kind: 'jpeg', quality: 50 }], seed: 1 })
        .catch(String);
      const blurred = await datasets.degrade(leaves, { scale: 2, steps: [{ kind: 'bicubic' }], seed: 1 });
      const of = (image: Image) => [...image.data];
      return {
        photo: of(photo),
        leaves: of(leaves),
        small: of(small),
        png: of(png),
        lr: [...lr],
        missing,
        jpeg,
        blurred: of(blurred),
      };
    });
    const leaves = await (await openSource('dead-leaves:1:64')).hr(0);
    expect(Uint8Array.from(there.photo)).toEqual(samples);
    for (const [found, expected] of [
      [there.leaves, leaves],
      [there.png, leaves],
      [there.small, resizeBicubic(leaves, 1 / 3)],
      [there.blurred, await degrade(leaves, { scale: 2, steps: [{ kind: 'bicubic' }], seed: 1 })],
    ] as const) {
      expect(Uint8Array.from(found)).toEqual(expected.data);
    }
    expect((await encodePng(leaves)).length).toBeGreaterThan(0);
    expect(there.missing).toMatch(/\[datasets\] readImage: \/none\.png does not exist \(check the path\)/);
    expect(there.jpeg).toMatch(/\[datasets\] jpeg: the degradation jpeg must run on Node, got a browser/);
    expect(there.lr).toHaveLength(2 * 8 * 8 * 3);
  });
});
