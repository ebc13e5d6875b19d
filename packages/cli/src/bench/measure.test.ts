import { describe, expect, it } from 'vitest';
import { median, summarize } from './measure.js';
import { largestDistance, roundPixels, syntheticImage } from './pixels.js';
import { loadTable, markdown, spread } from './report.js';

describe('summarize', () => {
  it('gives the fastest and the middle run and the least processor time, in microseconds a pixel', () => {
    const turns = [
      { times: [4, 2], cpuMs: 10 },
      { times: [3], cpuMs: 4 },
      { times: [9], cpuMs: 9 },
    ];
    expect(summarize(turns, 1000)).toEqual({ runs: 4, best: 2, median: 3.5, cpu: 4 });
  });

  it('takes the middle of an odd number', () => {
    expect(median([1, 5, 7])).toBe(5);
  });
});

describe('spread', () => {
  it('is how much longer a pixel takes in the slowest size', () => {
    const at = (median: number, cpu: number) => ({ median, cpu });
    const measured = [at(2, 8), at(2.5, 8)] as never;
    expect([spread(measured, 'median'), spread(measured, 'cpu')]).toEqual([0.25, 0]);
  });
});

describe('loadTable', () => {
  it('adds up the phases of each process', () => {
    const phase = (ms: number) => ({ ms, cpuMs: 2 * ms });
    const load = { start: phase(44), import: phase(5), read: phase(1), load: phase(20), firstImage: phase(10) };
    const text = loadTable([load, { ...load, load: phase(30) }], markdown);
    expect(text).toContain('| read to first image | 31.0 | 36.0 | 62.0 | 72.0 |');
    expect(text).toContain('| start of Node to first image | 80.0 | 85.0 | 160.0 | 170.0 |');
  });
});

describe('images', () => {
  it('are the same for a seed, and use the range', () => {
    const { data } = syntheticImage(64, 48, 7);
    expect(syntheticImage(64, 48, 7).data).toEqual(data);
    expect(syntheticImage(64, 48, 8).data).not.toEqual(data);
    expect(Math.max(...data) - Math.min(...data)).toBeGreaterThan(230);
  });

  it('are clamped and rounded half to even, and compared', () => {
    expect([...roundPixels(Float32Array.of(-3, 0.5, 1.5, 300, 254.6))]).toEqual([0, 0, 2, 255, 255]);
    expect(largestDistance(Uint8Array.of(1, 9), Uint8Array.of(3, 4))).toBe(5);
    expect(largestDistance(Uint8Array.of(1), Uint8Array.of(1, 2))).toBe(Number.POSITIVE_INFINITY);
  });
});
