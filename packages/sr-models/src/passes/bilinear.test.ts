import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomImage } from '../../test/networks.js';
import { type Graph, makeGraph } from '../graph.js';
import { bilinearTaps } from './bilinear.js';
import { forward } from './forward.js';

beforeAll(() => useBackend('wasm'));

/** Nothing but the enlargement. */
const enlargement = (factor: number, offset = 0): Graph =>
  makeGraph({
    name: 'bilinear',
    scale: factor,
    nodes: [
      { op: 'input', name: 'input', channels: 3, zeroPoint: [0, 0, 0] },
      { op: 'bilinear', name: 'base', input: 'input', channels: 3, factor, offset: [offset, offset, offset] },
      { op: 'pixelShuffle', name: 'shuffle', input: 'base', factor, order: 'dcr' },
      { op: 'output', name: 'output', input: 'shuffle' },
    ],
  });

describe.each([2, 3, 4])('x%i', (factor) => {
  it.each([
    [7, 5],
    [1, 1],
    [1, 6],
  ])('of %i x %i pixels is the mean of four neighbours by distance, clamped at the border', (width, height) => {
    const { data } = randomImage(2, width, height);
    const got = tf.tidy(() => {
      const image = tf.tensor4d(Float32Array.from(data), [1, height, width, 3]);
      return forward(enlargement(factor), image, { params: new Map(), mode: 'float' }).dataSync();
    });
    const at = (y: number, x: number, c: number) => data[(y * width + x) * 3 + c] as number;
    // PyTorch: the position of a pixel's middle, not below 0; the neighbour above it, at most the last.
    const place = (index: number, size: number) => {
      const position = Math.max(0, (index + 0.5) / factor - 0.5);
      const low = Math.floor(position);
      return { low, high: Math.min(low + 1, size - 1), part: position - low };
    };
    for (const [i, value] of got.entries()) {
      const [c, x, y] = [i % 3, Math.floor(i / 3) % (width * factor), Math.floor(i / 3 / (width * factor))];
      const [v, h] = [place(y, height), place(x, width)];
      const line = (row: number) => at(row, h.low, c) * (1 - h.part) + at(row, h.high, c) * h.part;
      expect(value).toBeCloseTo(line(v.low) * (1 - v.part) + line(v.high) * v.part, 3);
    }
  });

  it('in integers is whole sums, with a step that makes means of them', () => {
    const { weights, unit, bits } = bilinearTaps({ channels: 3, factor });
    const outputs = 3 * factor * factor;
    const sums = Array.from({ length: outputs }, (_, o) =>
      weights.filter((_w, i) => i % outputs === o).reduce((a, b) => a + b),
    );
    expect(sums.every((sum) => sum === unit)).toBe(true);
    expect(weights.every((w) => Number.isInteger(w) && w >= 0 && w < 2 ** (bits - 1))).toBe(true);
    expect(weights.some((w) => w >= 2 ** (bits - 2))).toBe(true);
    expect([unit, bits]).toEqual({ 2: [16, 5], 3: [9, 5], 4: [64, 7] }[factor]);
    const [image, sub] = [tf.tensor4d(Float32Array.from(randomImage(3, 4, 3).data), [1, 3, 4, 3]), enlargement(factor)];
    const run = (mode: 'float' | 'exact') => forward(sub, image, { params: new Map(), mode }).dataSync();
    const [float, exact] = [run('float'), run('exact')];
    for (const [i, value] of float.entries()) expect(exact[i]).toBeCloseTo(value, 3);
    const less = forward(enlargement(factor, 96), image, { params: new Map(), mode: 'exact' }).dataSync();
    for (const [i, value] of float.entries()) expect(less[i]).toBeCloseTo(value - 96, 3);
  });
});

it('is one of the image alone', () => {
  const { nodes, ...graph } = enlargement(2);
  const wrong = nodes.map((node) =>
    node.op === 'pixelShuffle' ? ({ ...node, op: 'bilinear', channels: 12, offset: [0, 0, 0] } as const) : node,
  );
  expect(() => makeGraph({ ...graph, nodes: wrong })).toThrow('shuffle must read the image, got "base"');
});

it('lets gradients through to what it reads', () => {
  tf.tidy(() => {
    const image = tf.tensor4d(Float32Array.from(randomImage(3, 4, 3).data), [1, 3, 4, 3]);
    const slope = tf.grad((x) =>
      tf.sum(forward(enlargement(2), x as tf.Tensor4D, { params: new Map(), mode: 'float' })),
    );
    // Every pixel of the image is spread over four: their weights sum to 4, also at the border, which counts what is outside.
    expect([...slope(image).dataSync()].every((value) => Math.abs(value - 4) < 1e-4)).toBe(true);
  });
});
