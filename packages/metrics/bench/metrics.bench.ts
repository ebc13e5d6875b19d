import { bench, describe } from 'vitest';
import { type Image, msSsim, psnr, ssim } from '../src/index.js';

const image = (seed: number): Image => ({
  width: 1920,
  height: 1080,
  channels: 3,
  data: Uint8Array.from({ length: 3 * 1920 * 1080 }, (_, i) => ((i * 2654435761 + seed * i) >>> 13) & 255),
});
const sr = image(1);
const hr = image(2);
const options = { convention: 'edsr-benchmark', scale: 4 } as const;

describe('1920x1080, edsr-benchmark', () => {
  bench('psnr', () => void psnr(sr, hr, options));
  bench('ssim', () => void ssim(sr, hr, options));
  bench('ms-ssim', () => void msSsim(sr, hr, options));
});
