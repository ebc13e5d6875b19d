import { bench, describe } from 'vitest';
import { type Image, psnr, ssim } from '../src/index.js';

const image = (seed: number): Image => ({
  width: 1024,
  height: 1024,
  channels: 3,
  data: Uint8Array.from({ length: 3 << 20 }, (_, i) => ((i * 2654435761 + seed * i) >>> 13) & 255),
});
const sr = image(1);
const hr = image(2);
const options = { convention: 'edsr-benchmark', scale: 4 } as const;

describe('1024x1024, edsr-benchmark', () => {
  bench('psnr', () => void psnr(sr, hr, options));
  bench('ssim', () => void ssim(sr, hr, options));
});
