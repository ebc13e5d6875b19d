/** Reports on a page: they ask for nothing, fit a phone, and follow the colour scheme. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runDefaults } from '../../packages/cli/src/commands/train.ts';
import { madeHere } from '../../packages/cli/src/report/provenance.ts';
import type { RunFolder } from '../../packages/cli/src/report/run-folder.ts';
import { runReport } from '../../packages/cli/src/report/run-report.ts';
import { type RunConfig, resolveModel } from '../../packages/cli/src/training.ts';
import { launchChromium } from '../gpu/launch-chromium.ts';
import { canRun } from '../gpu/unpack.ts';

const runs = canRun() || Boolean(process.env['FQSR_CHROMIUM']);
if (!runs) process.stderr.write('skipped: reports in a browser, since no Chromium runs here (set FQSR_CHROMIUM)\n');

/** A run that nobody ran, of 300 steps. */
async function runOf(name: string, plan?: string): Promise<RunFolder> {
  const config: RunConfig = {
    ...runDefaults,
    ...(await resolveModel({ model: 'edsr-f8b8', scale: 2, plan })),
    steps: 300,
  };
  const steps = Array.from({ length: 300 }, (_, i) => i + 1);
  return {
    path: name,
    name,
    config,
    made: null,
    log: steps.map((step) => ({ step, loss: 5 + 60 / step, learningRate: 0.001 })),
    validations: [100, 200, 300].map((step) => ({ step, images: 5, psnr: 30 + step / 100, ssim: 0.9, best: true })),
    modelHash: 'a'.repeat(64),
    samples: [],
  };
}

describe.skipIf(!runs)('a report', () => {
  let browser: Browser;
  let html = '';

  beforeAll(async () => {
    const folders = await Promise.all([runOf('a-run-of-a-rather-long-name'), runOf('another', 'w4a4s8')]);
    html = await runReport(folders, await madeHere());
    browser = await launchChromium();
  }, 120_000);
  afterAll(() => browser?.close());

  test.each([
    ['light', 1100],
    ['dark', 1100],
    ['light', 360],
    ['dark', 360],
  ] as const)('%s, %i pixels wide', async (colorScheme, width) => {
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
    const asked: string[] = [];
    const said: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    page.on('console', (message) => said.push(message.text()));
    await page.setContent(html);
    const found = await page.evaluate(() => {
      const drawn = Array.from(document.querySelectorAll('svg')).filter((svg) => svg.getBoundingClientRect().width > 0);
      return {
        wide: document.documentElement.scrollWidth,
        background: getComputedStyle(document.body).backgroundColor,
        charts: drawn.length,
        outside: drawn.filter((svg) => svg.getBoundingClientRect().right > innerWidth).length,
      };
    });
    await page.close();
    expect([asked, said]).toEqual([[], []]);
    expect(found.wide).toBeLessThanOrEqual(width);
    expect(found.background).toBe(colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(20, 24, 31)');
    // Loss, learning rate, PSNR and SSIM: each drawn once, in the form that fits.
    expect([found.charts, found.outside]).toEqual([4, 0]);
  });
});
