import { describe, expect, it } from 'vitest';
import { applySymmetry, copyTransformed, SYMMETRIES } from './augment.js';
import { crop, makeImage } from './image.js';
import { resizeBicubic } from './resize.js';

const image = makeImage(
  3,
  2,
  Uint8Array.from({ length: 18 }, (_, i) => i),
);
const reds = (symmetry: number) => [...applySymmetry(image, symmetry).data.filter((_, i) => i % 3 === 0)];

describe('applySymmetry', () => {
  it('is what its bits say', () => {
    expect(reds(0)).toEqual([0, 3, 6, 9, 12, 15]);
    expect(reds(1)).toEqual([6, 3, 0, 15, 12, 9]);
    expect(reds(2)).toEqual([9, 12, 15, 0, 3, 6]);
    expect(reds(4)).toEqual([0, 9, 3, 12, 6, 15]);
    expect(reds(5)).toEqual([9, 0, 12, 3, 15, 6]);
    expect(applySymmetry(image, 4)).toMatchObject({ width: 2, height: 3 });
  });

  it('has eight different ones', () => {
    const square = crop(image, 0, 0, 2, 2);
    const seen = Array.from({ length: SYMMETRIES }, (_, k) => applySymmetry(square, k).data.join());
    expect(new Set(seen).size).toBe(8);
  });

  it('commutes with cropping', () => {
    for (let k = 0; k < SYMMETRIES; k++) {
      const out = new Float32Array(12);
      copyTransformed(image, { x: 1, y: 0, width: 2, height: 2 }, k, out, 0);
      expect([...out]).toEqual([...applySymmetry(crop(image, 1, 0, 2, 2), k).data]);
    }
  });

  it('commutes with downsampling', () => {
    const large = makeImage(
      16,
      12,
      Uint8Array.from({ length: 576 }, (_, i) => (i * i) & 255),
    );
    for (let k = 0; k < SYMMETRIES; k++) {
      const a = applySymmetry(resizeBicubic(large, 1 / 2), k).data;
      const b = resizeBicubic(applySymmetry(large, k), 1 / 2).data;
      expect(a.every((value, i) => Math.abs(value - b[i]!) <= 1)).toBe(true);
    }
  });
});
