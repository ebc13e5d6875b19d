import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../src/index.js';
import { type ConvCase, convReference, normal, relativeError } from './reference.js';

/** In units of the sum of absolute terms, for tiles of 4. */
const BOUND = 2e-6;

const base: ConvCase = {
  ...{ batch: 2, height: 13, width: 11, inChannels: 8, outChannels: 12 },
  ...{ kernel: 3, stride: 1, pad: 'same' },
};
const cases: ConvCase[] = [
  base,
  { ...base, pad: 'valid' },
  { ...base, height: 12, width: 16, inChannels: 12, outChannels: 8 },
  { ...base, batch: 1, height: 3, width: 70, inChannels: 16, outChannels: 4 },
  { ...base, batch: 1, height: 193, width: 1, inChannels: 4, outChannels: 16 },
  { ...base, batch: 1, height: 15, width: 14, pad: 'valid', inChannels: 20, outChannels: 44 },
  { ...base, batch: 3, height: 8, width: 9, inChannels: 40, outChannels: 40 },
  { ...base, batch: 8, height: 5, width: 5, inChannels: 64, outChannels: 32 },
];
const label = (c: ConvCase) => `${c.batch}x${c.height}x${c.width} ${c.inChannels}->${c.outChannels} ${c.pad}`;

const shapes = ({ batch, height, width, inChannels, outChannels }: ConvCase) =>
  [
    [batch, height, width, inChannels],
    [3, 3, inChannels, outChannels],
  ] as [number[], number[]];
const read = (tensor: tf.Tensor) => tensor.dataSync<'float32'>().slice();

/** `conv2d` and its two gradients for seeded values, or those that `make` makes of them. */
function run(c: ConvCase, make: (values: tf.Tensor, operand: 'x' | 'filter') => tf.Tensor = (values) => values) {
  return tf.tidy(() => {
    const [inShape, filterShape] = shapes(c);
    const x = make(normal(inShape, 1), 'x');
    const filter = make(normal(filterShape, 2), 'filter');
    const conv = (a: tf.Tensor, b: tf.Tensor) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, c.pad);
    const y = conv(x, filter);
    const dy = normal(y.shape, 3);
    const [dx, dw] = tf.grads(conv)([x, filter], dy) as [tf.Tensor, tf.Tensor];
    return { x: read(x), filter: read(filter), y: read(y), dy: read(dy), dx: read(dx), dw: read(dw) };
  });
}

beforeAll(async () => {
  await useBackend('wasm');
});

test.each(cases.map((c) => [label(c), c] as const))('tiles are within 2e-6 of float64 loops: %s', (_, c) => {
  const { x, filter, y, dy, dx, dw } = run(c);
  const { forOutput, forInput, forFilter } = convReference(c, x, filter, dy);
  expect(relativeError(y, forOutput)).toBeLessThan(BOUND);
  expect(relativeError(dx, forInput)).toBeLessThan(BOUND);
  expect(relativeError(dw, forFilter)).toBeLessThan(BOUND);
});

describe('whole numbers give exact sums', () => {
  const levels = (low: number, high: number) => (values: tf.Tensor) =>
    tf.clipByValue(tf.round(tf.mul(values, (high - low) / 3)), low, high);
  const grids = {
    'W4A4, by tiles': [levels(0, 15), levels(-8, 7)],
    'W2A2 mid-rise, by tiles': [levels(-3, 3), levels(-3, 3)],
    'W8A8, directly': [levels(0, 255), levels(-128, 127)],
    'all at the ends, by tiles': [(t: tf.Tensor) => tf.fill(t.shape, 15), (t: tf.Tensor) => tf.fill(t.shape, -8)],
  } as const;
  const sizes = [...cases, { ...base, batch: 1, height: 9, width: 9, inChannels: 512, outChannels: 8 }];
  test.each(Object.entries(grids))('%s', (_, [ofX, ofFilter]) => {
    for (const c of sizes) {
      const { x, filter, y, dy } = run(c, (values, operand) => (operand === 'x' ? ofX : ofFilter)(values));
      const { values, scales } = convReference(c, x, filter, dy).forOutput;
      // Beyond 2^24 float32 does not hold all whole numbers, whatever the order of the sum.
      if (Math.max(...scales) <= 2 ** 24) expect(y).toEqual(Float32Array.from(values));
    }
  });
  test('one value that is not whole makes no difference to the others but rounding', () => {
    const { x, filter, y, dy } = run(base, (values) =>
      tf.add(tf.round(values), tf.oneHot([0], values.size).reshape(values.shape).mul(0.5)),
    );
    expect(relativeError(y, convReference(base, x, filter, dy).forOutput)).toBeLessThan(BOUND);
  });
});

test('same inputs, same bits, and the same for an image alone as in its batch', () => {
  const c = cases[6]!;
  const [first, second] = [run(c), run(c)];
  expect(second).toEqual(first);
  const [inShape, filterShape] = shapes(c);
  tf.tidy(() => {
    const x = normal(inShape, 1) as tf.Tensor4D;
    const filter = normal(filterShape, 2) as tf.Tensor4D;
    const together = tf.conv2d(x, filter, 1, 'same');
    const twice = tf.conv2d(tf.concat([x, x]) as tf.Tensor4D, filter, 1, 'same');
    expect(read(tf.slice(twice, 0, together.shape[0]))).toEqual(read(together));
  });
});

test('what is not finite stays visible, and leaves other tiles alone', () => {
  tf.tidy(() => {
    const filter = normal([3, 3, 8, 8], 2) as tf.Tensor4D;
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const values = normal([1, 16, 16, 8], 1).dataSync<'float32'>().slice();
      values[(1 * 16 + 1) * 8] = value;
      const x = tf.tensor4d(values, [1, 16, 16, 8]);
      const y = tf.conv2d(x, filter, 1, 'same');
      expect(Number.isFinite(y.bufferSync().get(0, 1, 1, 0))).toBe(false);
      expect(Number.isFinite(y.bufferSync().get(0, 8, 8, 0))).toBe(true);
    }
  });
});
