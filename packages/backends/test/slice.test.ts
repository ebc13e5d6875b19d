/** What conformance, which is in floats along the first axis, does not ask of slices and splits. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../src/index.js';

beforeAll(() => useBackend('wasm'));

const counted = (shape: number[], dtype: 'float32' | 'int32' | 'bool') => {
  const count = shape.reduce((a, b) => a * b, 1);
  const values = Array.from({ length: count }, (_, i) => (dtype === 'bool' ? i % 3 === 0 : i));
  return tf.tensor(values as number[], shape, dtype);
};

describe.each(['float32', 'int32', 'bool'] as const)('%s', (dtype) => {
  it('splits along any axis, in equal parts and in parts of given sizes', () => {
    const x = counted([4, 6, 3], dtype);
    const all = x.arraySync() as number[][][];
    const [top, bottom] = tf.split(x, 2, 0);
    expect(top?.arraySync()).toEqual(all.slice(0, 2));
    expect(bottom?.arraySync()).toEqual(all.slice(2));
    const [first, none, rest] = tf.split(x, [1, 0, 5], 1);
    expect(first?.arraySync()).toEqual(all.map((row) => row.slice(0, 1)));
    expect(none?.shape).toEqual([4, 0, 3]);
    expect(rest?.arraySync()).toEqual(all.map((row) => row.slice(1)));
    const channels = tf.split(x, 3, -1).map((part) => part.arraySync());
    expect(channels).toEqual([0, 1, 2].map((c) => all.map((row) => row.map((pixel) => [pixel[c]]))));
    for (const part of [...tf.split(x, 3, -1), ...tf.split(x, 2, 0)]) expect(part.dtype).toBe(dtype);
  });

  it('slices to the end of an axis, to nothing, and a scalar', () => {
    const x = counted([3, 4], dtype);
    const all = x.arraySync() as number[][];
    expect(tf.slice(x, [1, 2], [-1, -1]).arraySync()).toEqual(all.slice(1).map((row) => row.slice(2)));
    expect(tf.slice(x, [1, 2], [0, 1]).shape).toEqual([0, 1]);
    expect(tf.slice(x, 2).arraySync()).toEqual(all.slice(2));
    if (dtype !== 'bool') expect(() => tf.slice(x, [0, 3], [3, 2])).toThrow('(5) would overflow input.shape[1] (4)');
  });
});

it('a part has values of its own', () => {
  const x = tf.tensor1d([1, 2, 3, 4]);
  const [, last] = tf.split(x, 2) as [tf.Tensor1D, tf.Tensor1D];
  x.dispose();
  tf.tensor1d([9, 9, 9, 9]);
  expect(last.arraySync()).toEqual([3, 4]);
});
