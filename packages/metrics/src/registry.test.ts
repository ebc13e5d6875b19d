import { describe, expect, it } from 'vitest';
import {
  conventionNames,
  conventions,
  type Image,
  luma,
  lumaSingle,
  type Metric,
  measure,
  metricNames,
  metrics,
  parseConvention,
  psnr,
  ssim,
} from './index.js';

const flat = (width: number, height: number, value: number): Image => ({
  width,
  height,
  channels: 3,
  data: new Uint8Array(width * height * 3).fill(value),
});
const ramp = (width: number, height: number): Image => ({
  ...flat(width, height, 0),
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 5) & 255),
});

describe.each(metricNames.flatMap((name) => conventionNames.map((convention) => [name, convention] as const)))(
  '%s under %s',
  (name, convention) => {
    const { compare, identical, smallest }: Metric = metrics[name];
    const options = { convention, scale: 2 } as const;
    const [w, h] = [smallest + 29, smallest + 20];
    const cropped = conventions[convention].crop(2) > 0;

    it('has its value for equal images exactly', () => {
      expect(compare(ramp(w, h), ramp(w, h), options)).toBe(identical);
      expect(compare(flat(w, h, 255), flat(w, h, 255), options)).toBe(identical);
    });

    it('is symmetric, and lower for a larger error', () => {
      const a = ramp(w, h);
      const near = { ...a, data: a.data.map((value) => value ^ 1) };
      const far = { ...a, data: a.data.map((value) => value ^ 15) };
      expect(compare(a, near, options)).toBe(compare(near, a, options));
      expect(compare(near, a, options)).toBeLessThan(identical);
      expect(compare(far, a, options)).toBeLessThan(compare(near, a, options));
    });

    it('does not see what is cropped', () => {
      if (!cropped) return;
      const hr = ramp(w, h);
      const sr = { ...hr, data: Uint8Array.from(hr.data) };
      for (let x = 0; x < w * 3; x++) sr.data[x] = 255 - sr.data[x]!;
      expect(compare(sr, hr, options)).toBe(identical);
    });

    it('refuses other sizes, other channels, too little and a bad scale', () => {
      expect(() => compare(flat(w, h + 1, 0), flat(w, h, 0), options)).toThrow(
        /sr must be as large as hr, got \d+x\d+ and/,
      );
      const short = { ...flat(w, h, 0), data: new Uint8Array(w * h) };
      expect(() => compare(short, flat(w, h, 0), options)).toThrow(/width \* height \* 3 samples/);
      expect(() => compare(flat(w, h, 0), flat(w, h, 0), { convention, scale: 1.5 })).toThrow(/scale must be/);
      const grey: Image = { width: w, height: h, channels: 1, data: new Uint8Array(w * h) };
      expect(() => compare(grey, flat(w, h, 0), options)).toThrow(/sr must have as many channels as hr, got 1 and 3/);
    });

    it('says how large images must be', () => {
      const least = smallest + 2 * conventions[convention].crop(8);
      const small = flat(least + 40, least - 1, 0);
      const exact = flat(least, least, 0);
      const at = { convention, scale: 8 } as const;
      expect(() => compare(small, small, at)).toThrow(`must be at least ${least} pixels wide and high`);
      expect(compare(exact, exact, at)).toBe(identical);
    });

    it('takes bytes and floats alike, and one channel as it is', () => {
      const [a, b] = [ramp(w, h), flat(w, h, 90)];
      const floats = { ...a, data: Float32Array.from(a.data) };
      const clamped = { ...b, data: Uint8ClampedArray.from(b.data) };
      expect(compare(floats, clamped, options)).toBe(compare(a, b, options));
      const one = ({ data }: Image): Image => ({
        width: w,
        height: h,
        channels: 1,
        data: data.filter((_, i) => i % 3 === 0),
      });
      const grey = ({ data }: Image): Image => ({ ...a, data: data.map((_, i) => data[i - (i % 3)]!) });
      const inRgb = { convention: cropped ? 'edsr-div2k' : 'rgb', scale: 2 } as const;
      if (conventions[convention].colour === 'rgb') {
        expect(compare(one(a), one(b), inRgb)).toBeCloseTo(compare(grey(a), grey(b), inRgb), 10);
      } else {
        expect(compare(one(a), one(b), options)).toBeLessThan(identical);
      }
    });
  },
);

describe('psnr by hand', () => {
  it('on luma: grey 100 against grey 101 differs by 219/255', () => {
    const expected = 20 * Math.log10(255 / (219 / 255));
    expect(psnr(flat(8, 8, 100), flat(8, 8, 101), { convention: 'edsr-benchmark', scale: 1 })).toBeCloseTo(
      expected,
      10,
    );
  });

  it('on RGB: one sample of 48 off by 10 is a squared error of 100/48', () => {
    const hr = flat(4, 4, 50);
    const sr = { ...hr, data: Uint8Array.from(hr.data) };
    sr.data[7] = 60;
    expect(psnr(sr, hr, { convention: 'rgb', scale: 1 })).toBeCloseTo(10 * Math.log10((65025 * 48) / 100), 10);
  });

  it('is 0 dB for black against white on RGB', () => {
    expect(psnr(flat(4, 4, 0), flat(4, 4, 255), { convention: 'rgb', scale: 1 })).toBe(0);
  });
});

describe('ssim by hand', () => {
  it('of two flat images is its luminance term', () => {
    const [a, b, c1] = [100, 120, 2.55 ** 2];
    const expected = (2 * a * b + c1) / (a * a + b * b + c1);
    expect(ssim(flat(16, 16, a), flat(16, 16, b), { convention: 'rgb', scale: 1 })).toBeCloseTo(expected, 9);
  });

  it('needs 11 pixels', () => {
    expect(() => ssim(flat(10, 20, 0), flat(10, 20, 0), { convention: 'rgb', scale: 1 })).toThrow(/at least 11 pixels/);
    expect(ssim(flat(11, 11, 0), flat(11, 11, 0), { convention: 'rgb', scale: 1 })).toBe(1);
  });
});

describe('luma', () => {
  it('runs from 16 to 235 and is not rounded', () => {
    expect(luma(0, 0, 0)).toBe(16);
    expect(luma(255, 255, 255)).toBeCloseTo(235, 12);
    expect(luma(255, 0, 0)).toBeCloseTo(81.481, 12);
    expect(luma(0, 255, 0)).toBeCloseTo(144.553, 12);
    expect(luma(0, 0, 255)).toBeCloseTo(40.966, 12);
  });
});

describe('lumaSingle', () => {
  it('is luma in float32, not rounded to integers', () => {
    let furthest = 0;
    for (let i = 0; i < 4096; i++) {
      const [r, g, b] = [(i * 7) & 255, (i * 13) & 255, (i * 29) & 255] as const;
      furthest = Math.max(furthest, Math.abs(lumaSingle(r, g, b) - luma(r, g, b)));
      expect(Math.fround(lumaSingle(r, g, b))).toBe(lumaSingle(r, g, b));
    }
    expect(furthest).toBeGreaterThan(0);
    expect(furthest).toBeLessThan(1e-4);
  });
});

describe('measure', () => {
  it('is what tables report', () => {
    const [a, b] = [ramp(30, 30), flat(30, 30, 90)];
    const options = { convention: 'edsr-benchmark', scale: 3 } as const;
    expect(measure(a, b, options)).toEqual({ psnr: psnr(a, b, options), ssim: ssim(a, b, options) });
  });
});

describe('parseConvention', () => {
  it('knows the conventions and lists them', () => {
    for (const name of conventionNames) expect(parseConvention(name)).toBe(name);
    expect(() => parseConvention('y')).toThrow(/edsr-benchmark, edsr-div2k, basicsr-y, rgb, got "y"/);
  });
});
