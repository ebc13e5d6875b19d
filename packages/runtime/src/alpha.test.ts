import { describe, expect, it } from 'vitest';
import { alphaRows } from './alpha.js';

/** Every row of a plane's result. */
function upscaled(rows: readonly (readonly number[])[], scale: number): number[][] {
  const [width, height] = [rows[0]?.length ?? 0, rows.length];
  const write = alphaRows({ width, height, scale }, (x, y) => rows[y]?.[x] ?? Number.NaN);
  return Array.from({ length: height * scale }, (_, y) => {
    const to = new Uint8Array(4 * width * scale);
    write(y, to);
    return [...to.filter((_, i) => i % 4 === 3)];
  });
}

describe('alphaRows', () => {
  it('is Catmull-Rom, rounded half up and clamped', () => {
    expect(upscaled([[0, 255]], 2)).toEqual([
      [0, 52, 203, 255],
      [0, 52, 203, 255],
    ]);
    expect(upscaled([[0], [255]], 2)).toEqual([[0], [52], [203], [255]].map(([a]) => [a, a]));
  });

  it.each([1, 2, 3, 4, 8, 16])('x%i equals the kernel in floating point, and keeps flat planes', (scale) => {
    const rows = Array.from({ length: 5 }, (_, y) => Array.from({ length: 7 }, (_, x) => (x * 53 + y * 97) & 255));
    const kernel = (x: number) => {
      const d = Math.abs(x);
      if (d <= 1) return 1.5 * d ** 3 - 2.5 * d ** 2 + 1;
      return d < 2 ? -0.5 * d ** 3 + 2.5 * d ** 2 - 4 * d + 2 : 0;
    };
    const at = (y: number, x: number) => rows[Math.min(4, Math.max(0, y))]?.[Math.min(6, Math.max(0, x))] ?? Number.NaN;
    for (const [y, row] of upscaled(rows, scale).entries()) {
      for (const [x, value] of row.entries()) {
        const [v, u] = [y, x].map((i) => (i + 0.5) / scale - 0.5) as [number, number];
        let sum = 0;
        for (let j = Math.floor(v) - 1; j < Math.floor(v) + 3; j++) {
          for (let i = Math.floor(u) - 1; i < Math.floor(u) + 3; i++) sum += kernel(v - j) * kernel(u - i) * at(j, i);
        }
        expect(Math.abs(value - Math.min(255, Math.max(0, sum)))).toBeLessThan(0.5001);
      }
    }
    for (const value of [0, 7, 255]) {
      expect(new Set(upscaled(Array(3).fill([value, value]), scale).flat())).toEqual(new Set([value]));
    }
  });
});
