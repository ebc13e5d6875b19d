import { describe, expect, it } from 'vitest';
import { randomNumbers } from '../../test/devices.js';
import { BINS, observeHistogram } from './histogram.js';

/** Laplace-like values. */
function laplace(count: number, seed: number): Float32Array {
  const random = randomNumbers(seed);
  return Float32Array.from({ length: count }, () => Math.sign(random()) * -Math.log(Math.abs(random()) + 1e-9));
}

const having = (...batches: readonly Float32Array[]) => {
  const observer = observeHistogram();
  for (const batch of batches) observer.observe(batch);
  return observer;
};

describe('the histogram', () => {
  it('counts every value between the edges of its bin', () => {
    const values = laplace(2000, 1);
    const { counts, width, zeros, total, low, high } = having(values).histogram();
    expect(Number.isInteger(Math.log2(width))).toBe(true);
    expect([low, high]).toEqual([Math.min(...values), Math.max(...values)]);
    expect([total, zeros]).toEqual([2000, 0]);
    for (let bin = 0; bin < BINS; bin++) {
      const [from, to] = [(bin - BINS / 2) * width, (bin + 1 - BINS / 2) * width];
      expect(counts[bin]).toBe(values.filter((x) => x >= from && x < to).length);
    }
  });

  it('holds its limits exactly: the power of two above the greatest magnitude', () => {
    const limit = (...values: number[]) => (having(Float32Array.from(values)).histogram().width * BINS) / 2;
    expect(limit(1)).toBe(2);
    expect(limit(-1, 0.9999)).toBe(2);
    expect(limit(0.9999)).toBe(1);
    expect(limit(1e-45)).toBe(2 ** -148);
    expect(limit(3.4028234e38)).toBe(2 ** 128);
    expect(limit(2 ** 20 - 0.0625, 2)).toBe(2 ** 20);
  });

  it('loses nothing when later values are far larger', () => {
    const values = laplace(500, 2);
    const observer = having(
      values,
      values.map((x) => x * 1e-6),
      Float32Array.of(0, 0),
      values.map((x) => x * 1e30),
    );
    const { counts, zeros, total } = observer.histogram();
    expect(counts.reduce((a, b) => a + b, 0)).toBe(1500);
    expect([zeros, total]).toEqual([2, 1502]);
  });

  it('refuses more values than it can count', () => {
    const observer = observeHistogram({ ...having(Float32Array.of(1)).state(), zeros: 2 ** 32 - 2 });
    expect(() => observer.observe(Float32Array.of(1))).toThrow('values must be fewer than 2^32');
    expect(observer.histogram().total).toBe(2 ** 32 - 1);
  });

  it('refuses counts outside its range', () => {
    const { counts } = having(Float32Array.of(7)).state();
    expect(() => observeHistogram({ low: 0, high: 4, zeros: 0, counts: counts as string })).toThrow('valid counts');
  });

  it('fits the 8448 channels of EDSR 32 x 256 skips into 16 MiB of JSON', () => {
    // 20 batches, 256 values of each channel.
    const state = JSON.stringify(having(laplace(5120, 3)).state());
    expect(state.length * 33 * 256).toBeLessThan(16 * 2 ** 20);
  });
});
