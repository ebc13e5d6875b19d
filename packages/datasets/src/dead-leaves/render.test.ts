import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createCanvas, halve } from './canvas.js';
import { createRandom } from './random.js';
import { renderDeadLeaves } from './render.js';
import { rectangle, type Shape, spanAt, verticalExtent } from './shape.js';

describe('renderDeadLeaves', () => {
  it('makes the same bytes everywhere', () => {
    const { data } = renderDeadLeaves({ size: 64, seed: 1, index: 0 });
    expect(createHash('sha256').update(data).digest('hex')).toMatchInlineSnapshot(
      `"4f6717a6abf7db0b1ab6b818d59595b6cdabfeb73fdf373ea90b2f7e83d2bbd3"`,
    );
  });

  it('makes another image of another index or seed', () => {
    const image = renderDeadLeaves({ size: 64, seed: 1, index: 0 });
    expect(renderDeadLeaves({ size: 64, seed: 1, index: 1 })).not.toEqual(image);
    expect(renderDeadLeaves({ size: 64, seed: 2, index: 0 })).not.toEqual(image);
  });

  it('uses the whole range of brightness over a set', () => {
    const values = new Set<number>();
    for (let index = 0; index < 20; index++) {
      for (const value of renderDeadLeaves({ size: 64, seed: 1, index }).data) values.add(value);
    }
    expect(values.size).toBe(256);
  });
});

describe('createRandom', () => {
  it('has the moments it promises', () => {
    const random = createRandom(5);
    const draws = Array.from({ length: 20_000 }, () => random.bell());
    const mean = draws.reduce((a, b) => a + b) / draws.length;
    const variance = draws.reduce((a, b) => a + b * b, 0) / draws.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.03);
    const [c, s] = random.direction();
    expect(c * c + s * s).toBeCloseTo(1, 12);
  });
});

describe('spanAt', () => {
  const area = (shape: Shape) => {
    const [low, high] = verticalExtent(shape);
    const span = { from: 0, to: 0 };
    let sum = 0;
    for (let y = low + 0.005; y < high; y += 0.01) {
      spanAt(shape, y, span);
      sum += 0.01 * Math.max(0, span.to - span.from);
    }
    return sum;
  };

  it('covers the area of ellipses and rectangles', () => {
    expect(area({ kind: 'ellipse', x: 5, y: 7, a: 4, b: 2, c: 0.6, s: 0.8 })).toBeCloseTo(Math.PI * 8, 1);
    expect(area(rectangle(5, 7, 4, 2, 0.6, 0.8))).toBeCloseTo(32, 1);
    expect(area(rectangle(5, 7, 4, 2, 1, 0))).toBeCloseTo(32, 1);
  });
});

describe('halve', () => {
  it('keeps a constant, and filters a step by the binomial weights', () => {
    const canvas = createCanvas(8);
    canvas.pixels.fill(200);
    for (const softness of [1, 3, 5, 7]) expect(new Set(halve(canvas, softness).data)).toEqual(new Set([200]));
    for (let i = 0; i < canvas.pixels.length; i++) canvas.pixels[i] = Math.floor(i / 3) % 8 < 4 ? 0 : 128;
    expect([...halve(canvas, 1).data.slice(0, 12)].filter((_, i) => i % 3 === 0)).toEqual([0, 0, 128, 128]);
    expect([...halve(canvas, 3).data.slice(0, 12)].filter((_, i) => i % 3 === 0)).toEqual([0, 16, 112, 128]);
  });
});
