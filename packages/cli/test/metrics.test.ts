/** Which figures `fqsr eval` takes, prints and refuses. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { encodePng, openSource, resizeBicubic } from '@fqsr/datasets';
import { msSsim } from '@fqsr/metrics';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { fqsr, scratch } from './fqsr.js';

const at = scratch();
beforeAll(async () => {
  for (const [folder, sizes] of Object.entries({ large: [200], mixed: [200, 96], tiny: [200, 12] })) {
    mkdirSync(at(folder));
    for (const size of sizes) {
      const image = await (await openSource(`dead-leaves:1:${Math.max(16, size)}`)).hr(0);
      const fitting = resizeBicubic(image, { width: size, height: size });
      writeFileSync(at(folder, `${folder}-${size}.png`), await encodePng(fitting));
    }
  }
});
const measure = (folder: string, ...more: string[]) =>
  fqsr('eval', '--data', at(folder), '--scale', '2', '--method', 'bicubic', ...more);

describe('eval --metrics', () => {
  it('adds MS-SSIM, as the function has it', async () => {
    const { code, stdout, stderr } = await measure('large', '--metrics', 'psnr,ssim,ms-ssim', '--json');
    expect(code, stderr).toBe(0);
    const document = JSON.parse(stdout);
    const { hr, lr } = await (await openSource(at('large'))).pair(0, 2);
    const sr = resizeBicubic(lr, { width: hr.width, height: hr.height });
    expect(document.msSsim).toBe(msSsim(sr, hr, { convention: 'edsr-benchmark', scale: 2 }));
    expect(document).toMatchObject({
      images: 1,
      notMeasured: [],
      perImage: [{ name: 'large-200', msSsim: document.msSsim }],
    });
    expect(stderr).toMatch(/image +PSNR dB +SSIM +MS-SSIM/);
  });

  it('has no figure for an image that is too small, none for the mean, and says why', async () => {
    const { code, stdout, stderr } = await measure('mixed', '--metrics', 'ms-ssim', '--json');
    expect(code, stderr).toBe(0);
    const document = JSON.parse(stdout);
    expect(document.msSsim).toBeNull();
    expect(
      document.perImage.map(({ name, msSsim }: { name: string; msSsim: unknown }) => [name, typeof msSsim]),
    ).toEqual([
      ['mixed-96', 'object'],
      ['mixed-200', 'number'],
    ]);
    expect(document.psnr).toBeGreaterThan(10);
    const reason = 'ms-ssim needs 180x180 pixels under edsr-benchmark at x2, got 96x96';
    expect(document.notMeasured).toEqual([{ name: 'mixed-96', metric: 'ms-ssim', reason }]);
    expect(stderr).toContain(`not measured: mixed-96: ${reason}`);
    expect(stderr).toMatch(/^mixed-96 +-$/m);
    expect(stderr).toMatch(/^mean +-$/m);
  });

  it('prints PSNR and SSIM where nothing is said, and nothing else', async () => {
    const { stdout } = await measure('mixed', '--json');
    expect(Object.keys(JSON.parse(stdout).perImage[0])).toEqual(['name', 'psnr', 'ssim']);
  });

  it('says which images have more than 8 bits a sample', async () => {
    mkdirSync(at('deep'));
    const samples = Uint16Array.from({ length: 64 * 64 * 3 }, (_, i) => i * 5);
    const raw = { width: 64, height: 64, channels: 3 } as const;
    writeFileSync(at('deep', 'a.png'), await sharp(samples, { raw }).toColourspace('rgb16').png().toBuffer());
    const { code, stdout, stderr } = await measure('deep', '--json');
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout).perImage).toMatchObject([{ name: 'a', storedBitDepth: 16 }]);
    expect(stderr).toMatch(/^a: of 16 bits a sample, the upper 8 are measured$/m);
  });

  it('names the image that is too small for SSIM', async () => {
    const { code, stderr } = await measure('tiny');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^fqsr: tiny-12: ssim needs 15x15 pixels under edsr-benchmark at x2, got 12x12 \(leave/m);
  });

  it('refuses what it does not know', async () => {
    const { code, stderr } = await measure('large', '--metrics', 'psnr,lpips');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^fqsr: --metrics: must be some of psnr,ssim,ms-ssim, got "lpips"/m);
  });
});
