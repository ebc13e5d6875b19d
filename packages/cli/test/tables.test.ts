/** Bicubic against the published tables. The sets are no part of the repository: without `../shared/datasets` beside it, these are skipped. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSource } from '@fqsr/datasets';
import { describe, expect, it } from 'vitest';
import { evaluateMethod } from '../src/evaluate.js';
import { quietIo } from '../src/io.js';
import { runHere } from './in-process.js';

const sets = fileURLToPath(new URL('../../../../shared/datasets/', import.meta.url));
const present = existsSync(sets);
if (!present) process.stderr.write(`skipped: the published figures of bicubic, since ${sets} does not exist\n`);

const silent = quietIo();

describe.skipIf(!present)('bicubic-y under edsr-benchmark', () => {
  it.each([
    ['Set5', 2, 33.66, 0.9299],
    ['Set5', 3, 30.39, 0.8682],
    ['Set5', 4, 28.42, 0.8104],
    ['Set14', 2, 30.24, 0.8688],
    ['Set14', 3, 27.55, 0.7742],
    ['Set14', 4, 26.0, 0.7027],
    ['BSD100', 2, 29.56, 0.8431],
    ['BSD100', 4, 25.96, 0.6675],
  ])('%s x%i: %f dB within 0.02, %f within 0.001', async (set, scale, psnr, ssim) => {
    const options = { convention: 'edsr-benchmark' } as const;
    const figures = await evaluateMethod('bicubic-y', scale, await openSource(join(sets, set)), silent, options);
    expect(Math.abs(figures.psnr - psnr)).toBeLessThan(0.02);
    expect(Math.abs(figures.ssim - ssim)).toBeLessThan(0.001);
  });

  it('differs from bicubic in RGB by less than 0.03 dB on Set5', async () => {
    const source = await openSource(join(sets, 'Set5'));
    const options = { convention: 'edsr-benchmark' } as const;
    const rgb = await evaluateMethod('bicubic', 4, source, silent, options);
    const y = await evaluateMethod('bicubic-y', 4, source, silent, options);
    expect(rgb.psnr).not.toBe(y.psnr);
    expect(Math.abs(rgb.psnr - y.psnr)).toBeLessThan(0.03);
  });
});

describe('eval --method', () => {
  const measure = (...how: string[]) => runHere('eval', '--data', 'dead-leaves:1:64', '--scale', '2', ...how);

  it('says in text and JSON what was upscaled and what it was measured against', async () => {
    const text = await measure('--method', 'bicubic-y');
    expect(text.code, text.stderr).toBe(0);
    expect(text.stdout).toContain('bicubic-y x2 on');
    expect(text.stdout).toContain('Y alone: 8-bit Y of HR');
    const json = await measure('--method', 'bicubic', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      model: 'bicubic',
      protocol: expect.stringContaining('RGB, then Y'),
    });
  });

  it('refuses a convention in RGB for a method without colours, and unknown names', async () => {
    const rgb = await measure('--method', 'bicubic-y', '--convention', 'rgb');
    expect(rgb.code).toBe(2);
    expect(rgb.stderr).toMatch(
      /--convention: must be one of edsr-benchmark, basicsr-y for --method bicubic-y, got "rgb"/,
    );
    const unknown = await measure('--method', 'nearest');
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/--method: must be one of bicubic, bicubic-y, got "nearest"/);
  });
});
