/**
 * Bicubic on the public benchmark sets against known figures. The sets are no part of the repository: without `../shared/datasets` beside it, these are skipped.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Image, openSource, pairsOf, resizeBicubic } from './index.js';

const sets = fileURLToPath(new URL('../../../../shared/datasets/', import.meta.url));
const present = existsSync(sets);
if (!present) process.stderr.write(`skipped: bicubic on Set5, Set14 and BSD100, since ${sets} does not exist\n`);

/** Mean over a set of the luma PSNR of bicubic, each image cropped by the scale. */
async function bicubicPsnr(set: string, scale: number): Promise<number> {
  let sum = 0;
  let count = 0;
  for await (const { lr, hr } of pairsOf(await openSource(join(sets, set)), scale)) {
    sum += lumaPsnr(resizeBicubic(lr, scale), hr, scale);
    count++;
  }
  return sum / count;
}

function lumaPsnr(a: Image, b: Image, crop: number): number {
  let sum = 0;
  for (let y = crop; y < a.height - crop; y++) {
    for (let x = crop; x < a.width - crop; x++) {
      const at = (y * a.width + x) * 3;
      const d = (c: number) => a.data[at + c]! - b.data[at + c]!;
      sum += ((65.481 * d(0) + 128.553 * d(1) + 24.966 * d(2)) / 255) ** 2;
    }
  }
  return 10 * Math.log10((255 ** 2 * (a.width - 2 * crop) * (a.height - 2 * crop)) / sum);
}

describe.skipIf(!present)('bicubic on benchmark sets', () => {
  it.each([
    ['Set5', 2, 33.68],
    ['Set5', 3, 30.41],
    ['Set5', 4, 28.43],
    ['Set14', 2, 30.33],
    ['Set14', 3, 27.63],
    ['Set14', 4, 26.09],
    ['BSD100', 2, 29.56],
    ['BSD100', 4, 25.96],
  ])('%s x%i: %f dB, give or take 0.02', async (set, scale, psnr) => {
    expect(Math.abs((await bicubicPsnr(set, scale)) - psnr)).toBeLessThan(0.02);
  });
});
