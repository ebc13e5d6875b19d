/**
 * SSIM against its definition, window by window, on odd sizes.
 */
import { describe, expect, it } from 'vitest';
import { type Image, luma, ssim } from './index.js';
import { gaussianWindow } from './ssim.js';

function image(width: number, height: number, seed: number): Image {
  let state = seed;
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 24) + 3 * i) & 255;
  });
  return { width, height, channels: 3, data };
}

/** The 121 weights from the formula of the two-dimensional Gaussian, not from the separable window. */
const weights = Array.from({ length: 121 }, (_, i) => {
  const dx = (i % 11) - 5;
  const dy = Math.floor(i / 11) - 5;
  return Math.exp(-(dx * dx + dy * dy) / (2 * 1.5 * 1.5));
});
const total = weights.reduce((sum, weight) => sum + weight, 0);

function naive(a: Image, b: Image, crop: number, value: (image: Image, at: number) => number): number {
  let sum = 0;
  let count = 0;
  for (let y = crop; y + 11 <= a.height - crop; y++) {
    for (let x = crop; x + 11 <= a.width - crop; x++) {
      const at = weights.map((_, i) => ((y + Math.floor(i / 11)) * a.width + x + (i % 11)) * 3);
      const mean = (f: (i: number) => number) => weights.reduce((s, weight, i) => s + (weight / total) * f(at[i]!), 0);
      const ma = mean((i) => value(a, i));
      const mb = mean((i) => value(b, i));
      const va = mean((i) => (value(a, i) - ma) ** 2);
      const vb = mean((i) => (value(b, i) - mb) ** 2);
      const cab = mean((i) => (value(a, i) - ma) * (value(b, i) - mb));
      const [c1, c2] = [2.55 ** 2, 7.65 ** 2];
      sum += ((2 * ma * mb + c1) * (2 * cab + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
      count++;
    }
  }
  return sum / count;
}

const y = ({ data }: Image, at: number) => luma(data[at]!, data[at + 1]!, data[at + 2]!);

describe('ssim', () => {
  it.each([
    [15, 15],
    [17, 33],
    [40, 21],
  ])('equals the definition on luma at %ix%i', (width, height) => {
    const [a, b] = [image(width, height, 1), image(width, height, 2)];
    const value = ssim(a, b, { convention: 'edsr-benchmark', scale: 2 });
    expect(value).toBeCloseTo(naive(a, b, 2, y), 10);
  });

  it('is the mean of the channels on RGB', () => {
    const [a, b] = [image(19, 23, 3), image(19, 23, 4)];
    const channels = [0, 1, 2].map((c) => naive(a, b, 0, ({ data }, at) => data[at + c]!));
    expect(ssim(a, b, { convention: 'rgb', scale: 1 })).toBeCloseTo(channels.reduce((s, v) => s + v, 0) / 3, 10);
  });

  it('has a window that sums to one', () => {
    const window = gaussianWindow();
    expect(window.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 15);
    expect(window[0]).toBe(window[10]);
  });
});
