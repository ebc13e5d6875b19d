import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../src/index.js';
import { type ConvCase, convReference, normal, relativeError } from './reference.js';

/** In units of the sum of absolute terms: a few roundings of float32 (2^-24 = 6e-8). */
const BOUND = 1e-6;

const base: ConvCase = {
  ...{ batch: 2, height: 7, width: 9, inChannels: 5, outChannels: 7 },
  ...{ kernel: 3, stride: 1, pad: 'same' },
};

const kernelCases = [1, 2, 3, 5, 9].flatMap((kernel) =>
  [1, 2].flatMap((stride) =>
    (['same', 'valid'] as const).map((pad): ConvCase => ({ ...base, height: 11, width: 10, kernel, stride, pad })),
  ),
);
const channelCases = [1, 2, 3, 4, 8, 13, 16].flatMap((inChannels) =>
  [1, 3, 4, 12, 17].map((outChannels): ConvCase => ({ ...base, inChannels, outChannels })),
);
const sizeCases: ConvCase[] = [
  { ...base, batch: 1, height: 1, width: 1 },
  { ...base, batch: 3, height: 1, width: 6 },
  { ...base, batch: 1, height: 40, width: 33, inChannels: 32, outChannels: 16 },
  { ...base, batch: 2, height: 24, width: 24, inChannels: 64, outChannels: 64 },
];
const label = (c: ConvCase) =>
  `${c.batch}x${c.height}x${c.width} ${c.inChannels}->${c.outChannels} ${c.kernel}x${c.kernel} /${c.stride} ${c.pad}`;

/** Operands and gradients of one case on the current backend. */
function run({ batch, height, width, inChannels, outChannels, kernel, stride, pad }: ConvCase) {
  return tf.tidy(() => {
    const x = normal([batch, height, width, inChannels], 1) as tf.Tensor4D;
    const filter = normal([kernel, kernel, inChannels, outChannels], 2) as tf.Tensor4D;
    const conv = (input: tf.Tensor, weights: tf.Tensor) =>
      tf.conv2d(input as tf.Tensor4D, weights as tf.Tensor4D, stride, pad);
    const y = conv(x, filter);
    const dy = normal(y.shape, 3);
    const [dx, dw] = tf.grads(conv)([x, filter], dy) as [tf.Tensor, tf.Tensor];
    const read = (tensor: tf.Tensor) => tensor.dataSync<'float32'>().slice();
    return { x: read(x), filter: read(filter), y: read(y), dy: read(dy), dx: read(dx), dw: read(dw) };
  });
}

beforeAll(async () => {
  await useBackend('wasm');
});

describe('conv2d and its gradients equal float64 loops', () => {
  test.each([...kernelCases, ...channelCases, ...sizeCases].map((c) => [label(c), c] as const))('%s', (_, c) => {
    const { x, filter, y, dy, dx, dw } = run(c);
    const { forOutput, forInput, forFilter } = convReference(c, x, filter, dy);
    expect(relativeError(y, forOutput)).toBeLessThan(BOUND);
    expect(relativeError(dw, forFilter)).toBeLessThan(BOUND);
    expect(relativeError(dx, forInput)).toBeLessThan(BOUND);
  });
});

test('strides and paddings that differ by axis', async () => {
  const gradients = async (backend: 'wasm' | 'cpu') => {
    await useBackend(backend);
    return tf.tidy(() => {
      const x = normal([2, 9, 8, 3], 1) as tf.Tensor4D;
      const filter = normal([3, 5, 3, 6], 2) as tf.Tensor4D;
      const pad: [[number, number], [number, number], [number, number], [number, number]] = [
        [0, 0],
        [2, 1],
        [0, 3],
        [0, 0],
      ];
      const conv = (a: tf.Tensor, b: tf.Tensor) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, [2, 1], pad);
      const dy = normal(conv(x, filter).shape, 3);
      return tf
        .grads(conv)([x, filter], dy)
        .map((tensor) => [...tensor.dataSync()]);
    });
  };
  const expected = await gradients('cpu');
  const actual = await gradients('wasm');
  actual.forEach((values, at) => {
    values.forEach((value, i) => {
      expect(Math.abs(value - expected[at]![i]!)).toBeLessThan(1e-4);
    });
  });
});

test('an empty output has a zero gradient', () => {
  const x = normal([1, 5, 2, 4], 1) as tf.Tensor4D;
  const filter = normal([3, 3, 4, 8], 2) as tf.Tensor4D;
  const conv = (a: tf.Tensor, b: tf.Tensor) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'valid');
  const y = conv(x, filter);
  expect(y.shape).toEqual([1, 3, 0, 8]);
  const grads = tf.grads(conv)([x, filter], tf.zeros(y.shape));
  for (const gradient of grads) expect(gradient.dataSync().every((value) => value === 0)).toBe(true);
  tf.dispose([x, filter, y, ...grads]);
});

test('dilated convolutions are left to TF.js', async () => {
  const values: number[][] = [];
  for (const backend of ['cpu', 'wasm'] as const) {
    await useBackend(backend);
    const y = tf.tidy(() =>
      tf.conv2d(normal([1, 9, 8, 3], 1) as tf.Tensor4D, normal([3, 3, 3, 4], 2) as tf.Tensor4D, 1, 'same', 'NHWC', 2),
    );
    values.push([...y.dataSync()]);
    y.dispose();
  }
  values[1]!.forEach((value, at) => {
    expect(Math.abs(value - values[0]![at]!)).toBeLessThan(1e-5);
  });
});

test('same inputs, same bits', () => {
  const c: ConvCase = { ...base, batch: 4, height: 24, width: 24, inChannels: 16, outChannels: 16 };
  const [first, second] = [run(c), run(c)];
  expect(second.dw).toEqual(first.dw);
  expect(second.dx).toEqual(first.dx);
});

test('NCHW is refused with a remedy', () => {
  const x = tf.zeros([1, 3, 4, 4]) as tf.Tensor4D;
  const dy = tf.zeros([1, 2, 4, 4]) as tf.Tensor4D;
  const attrs = { strides: 1, pad: 'same', dataFormat: 'NCHW', filterShape: [3, 3, 3, 2] };
  expect(() => tf.engine().runKernel('Conv2DBackpropFilter', { x, dy }, attrs)).toThrow(
    '[backends] conv2d gradient: dataFormat must be NHWC, got NCHW',
  );
  tf.dispose([x, dy]);
});
