import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Image, makeImage } from './image.js';
import { resizeBicubic, resizeBicubicPlane, type Size } from './resize.js';
import { axisWeights, cubic, mirror } from './resize-weights.js';

const grey = (width: number, height: number, values: readonly number[]): Image =>
  makeImage(width, height, Uint8Array.from(values.flatMap((value) => [value, value, value])));
const red = ({ data }: Image): number[] => [...data.filter((_, i) => i % 3 === 0)];
const noise = (width: number, height: number): Image =>
  makeImage(
    width,
    height,
    Uint8Array.from({ length: width * height * 3 }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 13) & 255),
  );

/** The definition, sample by sample: no separation, no tables, float64. */
function naive(image: Image, size: Size, scaleX: number, scaleY: number): number[] {
  const axis = (i: number, scale: number) => {
    const position = (i + 1) / scale + 0.5 * (1 - 1 / scale);
    const shrink = Math.min(1, scale);
    const width = 4 / shrink;
    const left = Math.floor(position - width / 2);
    const taps = Array.from({ length: Math.ceil(width) + 2 }, (_, t) => left + t);
    const weights = taps.map((tap) => cubic(shrink * (position - tap)));
    const sum = weights.reduce((a, b) => a + b);
    return taps.map((tap, t) => [tap - 1, weights[t]! / sum] as const);
  };
  const out: number[] = [];
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (const [j, wy] of axis(y, scaleY)) {
          for (const [i, wx] of axis(x, scaleX)) {
            const at = (mirror(j, image.height) * image.width + mirror(i, image.width)) * 3 + c;
            sum += wy * wx * image.data[at]!;
          }
        }
        out.push(Math.min(255, Math.max(0, sum)));
      }
    }
  }
  return out;
}

function furthest(bytes: Uint8Array, exact: readonly number[]): number {
  expect(bytes.length).toBe(exact.length);
  return bytes.reduce((most, byte, i) => Math.max(most, Math.abs(byte - exact[i]!)), 0);
}

describe('axisWeights', () => {
  it('has the weights of x1/2 and x2 by hand', () => {
    expect([...axisWeights(1, 0.5).weights].map((w) => w * 256)).toEqual([-3, -9, 29, 111, 111, 29, -9, -3]);
    expect([...axisWeights(1, 0.5).start]).toEqual([-3]);
    const up = axisWeights(2, 2);
    expect([...up.weights].map((w) => w * 128)).toEqual([-3, 29, 111, -9, -9, 111, 29, -3]);
    expect([...up.start]).toEqual([-2, -1]);
  });

  it('has the weights of x1/4 by hand: the kernel at odd eighths', () => {
    const half = [-7, -45, -75, -49, 93, 399, 745, 987];
    expect([...axisWeights(1, 0.25).weights].map((w) => w * 4096)).toEqual([...half, ...half.toReversed()]);
    expect([...axisWeights(2, 0.25).start]).toEqual([-6, -2]);
  });

  it('copies at scale 1', () => {
    expect(axisWeights(3, 1)).toEqual({ taps: 1, start: Int32Array.of(0, 1, 2), weights: Float64Array.of(1, 1, 1) });
  });

  it('sums to one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.double({ min: 0.05, max: 8, noNaN: true }), (length, scale) => {
        const { taps, weights } = axisWeights(length, scale);
        for (let i = 0; i < length; i++) {
          const sum = weights.subarray(i * taps, (i + 1) * taps).reduce((a, b) => a + b);
          expect(sum).toBeCloseTo(1, 12);
        }
      }),
    );
  });
});

describe('mirror', () => {
  it('repeats the edge sample and goes on for ever', () => {
    expect([-4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6].map((i) => mirror(i, 3))).toEqual([2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0]);
  });
});

describe('resizeBicubic', () => {
  it('halves a step edge as computed by hand: -3, 17, 239 and 259 of 256ths of 255', () => {
    const step = grey(8, 1, [0, 0, 0, 0, 255, 255, 255, 255]);
    expect(red(resizeBicubic(step, { width: 4, height: 1 }))).toEqual([0, 17, 238, 255]);
    const upright = grey(1, 8, [0, 0, 0, 0, 255, 255, 255, 255]);
    expect(red(resizeBicubic(upright, { width: 1, height: 4 }))).toEqual([0, 17, 238, 255]);
  });

  it('doubles a ramp as computed by hand: away from the edges a line stays a line', () => {
    const ramp = grey(6, 1, [0, 40, 80, 120, 160, 200]);
    const doubled = red(resizeBicubic(ramp, { width: 12, height: 1 }));
    expect(doubled.slice(3, 9)).toEqual([50, 70, 90, 110, 130, 150]);
    // 0-based sample 0: (-3 * 40 + 29 * 0 + 111 * 0 - 9 * 40) / 128 < 0; sample 1: (-9 * 0 + 111 * 0 + 29 * 40 - 3 * 80) / 128 = 7.1875
    expect(doubled.slice(0, 2)).toEqual([0, 7]);
  });

  it('keeps constant images constant', () => {
    for (const value of [0, 1, 127, 254, 255]) {
      for (const to of [2, 3, 4, 1 / 2, 1 / 3, 1 / 4, 0.7, 1.3, { width: 5, height: 31 }]) {
        expect(new Set(resizeBicubic(grey(13, 9, Array(117).fill(value)), to).data)).toEqual(new Set([value]));
      }
    }
  });

  it('rounds sides up, and thirds exactly', () => {
    expect(resizeBicubic(noise(7, 5), 1 / 2)).toMatchObject({ width: 4, height: 3 });
    for (let side = 3; side < 1000; side += 3) {
      expect(Math.ceil(side * (1 / 3) - 1e-9)).toBe(side / 3);
    }
    expect(resizeBicubic(noise(255, 6), 1 / 3)).toMatchObject({ width: 85, height: 2 });
  });

  it('equals the definition within rounding', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 17 }),
        fc.integer({ min: 1, max: 17 }),
        fc.constantFrom(2, 3, 4, 1 / 2, 1 / 3, 1 / 4, 0.6, 1.7),
        (width, height, scale) => {
          const image = noise(width, height);
          const out = resizeBicubic(image, scale);
          expect(furthest(out.data, naive(image, out, scale, scale))).toBeLessThan(0.5 + 1e-9);
        },
      ),
      { numRuns: 60 },
    );
    const size = { width: 5, height: 19 };
    const exact = naive(noise(11, 7), size, 5 / 11, 19 / 7);
    expect(furthest(resizeBicubic(noise(11, 7), size).data, exact)).toBeLessThan(0.5 + 1e-9);
  });

  it('refuses what is no size', () => {
    for (const to of [
      0,
      -1,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      { width: 0, height: 3 },
      { width: 2.5, height: 3 },
    ]) {
      expect(() => resizeBicubic(noise(4, 4), to)).toThrow(/^\[datasets\] /);
    }
  });
});

describe('resizeBicubic on bytes', () => {
  it('does not depend on where the samples lie in memory', () => {
    const image = noise(24, 20);
    for (const offset of [1, 2, 3]) {
      const data = new Uint8Array(image.data.length + offset).subarray(offset);
      data.set(image.data);
      for (const scale of [1 / 4, 1 / 3, 0.7, 2]) {
        expect(resizeBicubic(makeImage(24, 20, data), scale)).toEqual(resizeBicubic(image, scale));
      }
    }
  });
});

describe('resizeBicubicPlane', () => {
  const planeOf = ({ width, height, data }: Image, c: number) => ({
    width,
    height,
    data: Float64Array.from({ length: width * height }, (_, i) => data[i * 3 + c]!),
  });

  it('halves a step by the weights by hand, neither clamped nor rounded', () => {
    const step = { width: 8, height: 1, data: Float64Array.of(0, 0, 0, 0, 256, 256, 256, 256) };
    expect([...resizeBicubicPlane(step, { width: 4, height: 1 }).data]).toEqual([-3, 17, 239, 259]);
  });

  it('equals the definition at any factor', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 17 }),
        fc.integer({ min: 1, max: 17 }),
        fc.double({ min: 0.2, max: 4, noNaN: true }),
        (width, height, scale) => {
          const image = noise(width, height);
          const out = resizeBicubicPlane(planeOf(image, 0), scale);
          const exact = naive(image, out, scale, scale).filter((_, i) => i % 3 === 0);
          expect(out.data.length).toBe(exact.length);
          for (const [i, value] of out.data.entries()) {
            expect(Math.abs(Math.min(255, Math.max(0, value)) - exact[i]!)).toBeLessThan(1e-9);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('rounds to what the 8-bit resize gives', () => {
    const image = noise(31, 22);
    for (const to of [1 / 4, 1 / 3, 2, { width: 40, height: 9 }]) {
      const bytes = planeOf(resizeBicubic(image, to), 1).data;
      const { data } = resizeBicubicPlane(planeOf(image, 1), to);
      expect(Array.from(data, (v) => Math.min(255, Math.max(0, Math.floor(v + 0.5))))).toEqual([...bytes]);
    }
  });

  it('keeps the kind of samples, and any range', () => {
    const data = Float32Array.from({ length: 96 }, (_, i) => Math.sin(i));
    const single = resizeBicubicPlane({ width: 12, height: 8, data }, 0.5);
    const double = resizeBicubicPlane({ width: 12, height: 8, data: Float64Array.from(data) }, 0.5);
    expect(single.data).toEqual(Float32Array.from(double.data));
  });

  it('refuses other numbers of samples and what is no size', () => {
    const plane = { width: 3, height: 3, data: new Float32Array(8) };
    expect(() => resizeBicubicPlane(plane, 2)).toThrow(/resizeBicubicPlane: data must hold .* got 8 for 3x3/);
    expect(() => resizeBicubicPlane({ ...plane, data: new Float32Array(9) }, 0)).toThrow(/the factor must be positive/);
  });
});
