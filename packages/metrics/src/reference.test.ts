/**
 * SSIM and MS-SSIM against their definitions, window by window.
 */
import { describe, expect, it } from 'vitest';
import { type Image, luma, msSsim, ssim } from './index.js';
import { gaussianWindow } from './window.js';

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

interface Means {
  readonly ssim: number;
  readonly cs: number;
}

function naiveMeans(a: Image, b: Image, crop: number, value: (image: Image, at: number) => number): Means {
  let sum = 0;
  let partial = 0;
  let count = 0;
  for (let y = crop; y + 11 <= a.height - crop; y++) {
    for (let x = crop; x + 11 <= a.width - crop; x++) {
      const mean = (f: (at: number) => number) => {
        let s = 0;
        for (let i = 0; i < 121; i++) {
          s += (weights[i]! / total) * f(((y + Math.floor(i / 11)) * a.width + x + (i % 11)) * a.channels);
        }
        return s;
      };
      const ma = mean((at) => value(a, at));
      const mb = mean((at) => value(b, at));
      const va = mean((at) => (value(a, at) - ma) ** 2);
      const vb = mean((at) => (value(b, at) - mb) ** 2);
      const cab = mean((at) => (value(a, at) - ma) * (value(b, at) - mb));
      const [c1, c2] = [2.55 ** 2, 7.65 ** 2];
      const cs = (2 * cab + c2) / (va + vb + c2);
      partial += cs;
      sum += ((2 * ma * mb + c1) / (ma * ma + mb * mb + c1)) * cs;
      count++;
    }
  }
  return { ssim: sum / count, cs: partial / count };
}

const naive = (...args: Parameters<typeof naiveMeans>) => naiveMeans(...args).ssim;

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

describe('msSsim', () => {
  const grey = (width: number, height: number, f: (x: number, y: number) => number): Image => ({
    width,
    height,
    channels: 1,
    data: Float64Array.from({ length: width * height }, (_, i) => f(i % width, Math.floor(i / width))),
  });
  /** The mean of blocks of `side` pixels, from the full image at once. */
  const blocks = (image: Image, side: number) =>
    grey(image.width / side, image.height / side, (x, y) => {
      let sum = 0;
      for (let i = 0; i < side * side; i++) {
        sum += image.data[(y * side + Math.floor(i / side)) * image.width + x * side + (i % side)]!;
      }
      return sum / side ** 2;
    });
  const value = ({ data }: Image, at: number) => data[at]!;
  const scene = grey(192, 176, (x, y) => 128 + 60 * Math.sin(x / 9) + 50 * Math.cos(y / 5 + x / 31));
  const worse = grey(192, 176, (x, y) => scene.data[y * 192 + x]! + 25 * Math.sin(x * 2.1 + y) - 12);

  it('equals the definition over five scales', () => {
    let expected = 1;
    for (const [i, exponent] of [0.0448, 0.2856, 0.3001, 0.2363, 0.1333].entries()) {
      const { cs, ssim } = naiveMeans(blocks(scene, 2 ** i), blocks(worse, 2 ** i), 0, value);
      expected *= (i === 4 ? ssim : cs) ** exponent;
    }
    expect(expected).toBeLessThan(0.99);
    expect(msSsim(worse, scene, { convention: 'rgb', scale: 1 })).toBeCloseTo(expected, 10);
  });

  it('of two flat images is the luminance of the last scale to its exponent', () => {
    const [a, b] = [grey(176, 177, () => 100), grey(176, 177, () => 120)];
    const luminance = (2 * 100 * 120 + 2.55 ** 2) / (100 ** 2 + 120 ** 2 + 2.55 ** 2);
    expect(msSsim(a, b, { convention: 'rgb', scale: 1 })).toBeCloseTo(luminance ** 0.1333, 9);
  });

  it('is 0 where structure is reversed', () => {
    const reversed = { ...scene, data: scene.data.map((v) => 255 - v) };
    expect(msSsim(reversed, scene, { convention: 'rgb', scale: 1 })).toBe(0);
  });
});
