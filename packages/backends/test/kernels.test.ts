import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { useBackend } from '../src/index.js';
import { normal } from './reference.js';

/** The values of `make` on each backend. */
async function onBoth(make: () => tf.Tensor) {
  const values: Record<'cpu' | 'wasm', { data: number[]; shape: number[]; dtype: string }> = {
    cpu: { data: [], shape: [], dtype: '' },
    wasm: { data: [], shape: [], dtype: '' },
  };
  for (const name of ['cpu', 'wasm'] as const) {
    await useBackend(name);
    values[name] = tf.tidy(() => {
      const out = make();
      return { data: [...out.dataSync()], shape: out.shape, dtype: out.dtype };
    });
  }
  return values;
}

/** Values with ties, both zeros, infinities and NaN. */
function special(shape: number[], seed: number): tf.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const odd = [0, -0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.5];
  return tf.tensor(
    Array.from({ length: size }, (_, at) => odd[(at * (seed * 2 + 1) + (at >> 3) * seed) % odd.length]!),
    shape,
    'float32',
  );
}

const binary = {
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  div: tf.div,
  maximum: tf.maximum,
  minimum: tf.minimum,
  equal: tf.equal,
  notEqual: tf.notEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
};
const shapes: [number[], number[]][] = [
  [[], []],
  [[1], [7]],
  [[64], [64]],
  [
    [2, 3, 5],
    [2, 3, 5],
  ],
  [[2, 3, 3, 5], [5]],
  [
    [2, 3, 3, 16],
    [1, 1, 1, 16],
  ],
  [[3], [4, 5, 3]],
  [[], [3, 7]],
  [[3, 7], []],
  [
    [4, 6, 1],
    [4, 6, 5],
  ],
  [
    [6, 1],
    [1, 5],
  ],
  [
    [2, 1, 3, 5],
    [2, 4, 1, 5],
  ],
  [
    [2, 1, 1, 5],
    [2, 4, 3, 5],
  ],
  [[0, 3], [3]],
];

describe('arithmetic and comparisons equal the cpu backend bit for bit', () => {
  for (const [name, op] of Object.entries(binary)) {
    test.each(shapes)(`${name} of %j and %j`, async (left, right) => {
      const { cpu, wasm } = await onBoth(() => op(special(left, 1), special(right, 2)));
      expect(wasm).toEqual(cpu);
    });
  }
  test('an integer operand is left to TF.js', async () => {
    const { cpu, wasm } = await onBoth(() => tf.add(tf.tensor1d([1, 2, 3], 'int32'), tf.tensor1d([4, 5, 6], 'int32')));
    expect(wasm).toEqual(cpu);
  });
});

describe('logic', () => {
  const bits = (shape: number[], seed: number) => tf.greater(normal(shape, seed), 0);
  test.each([[[37]], [[3, 5]], [[2]]])('and, or and where of %j', async (shape) => {
    for (const op of [tf.logicalAnd, tf.logicalOr]) {
      const { cpu, wasm } = await onBoth(() => op(bits(shape, 1), bits(shape, 2)));
      expect(wasm).toEqual(cpu);
    }
    const chosen = await onBoth(() => tf.where(bits(shape, 1), special(shape, 1), special(shape, 2)));
    expect(chosen.wasm).toEqual(chosen.cpu);
    const scalar = await onBoth(() => tf.where(bits(shape, 1), normal(shape, 2), tf.scalar(3)));
    expect(scalar.wasm).toEqual(scalar.cpu);
  });
  test('where with a condition for each row', async () => {
    const { cpu, wasm } = await onBoth(() =>
      tf.engine().runKernel<tf.Tensor>('Select', {
        condition: tf.tensor1d([1, 0, 1], 'bool'),
        t: normal([3, 5], 1),
        e: normal([3, 5], 2),
      }),
    );
    expect(wasm).toEqual(cpu);
  });
});

describe('unary', () => {
  test.each([[[1]], [[5]], [[3, 9]]])('sqrt and leakyRelu of %j', async (shape) => {
    const root = await onBoth(() => tf.sqrt(tf.abs(normal(shape, 1))));
    // The cpu backend takes the root in float64 and then rounds, which is the correctly rounded root too.
    expect(root.wasm).toEqual(root.cpu);
    const leaky = await onBoth(() => tf.leakyRelu(special(shape, 1), 0.25));
    expect(leaky.wasm).toEqual(leaky.cpu);
  });
});

describe('reductions', () => {
  const cases: [number[], number[] | undefined][] = [
    [
      [16, 24, 24, 16],
      [0, 1, 2],
    ],
    [
      [5, 7, 3],
      [0, 1],
    ],
    [
      [5, 7, 23],
      [1, 0],
    ],
    [[600, 1], [0]],
    [[7], undefined],
    [[3, 5, 7, 31], undefined],
    [[4, 6, 5], [1]],
    [[4, 6, 5], [2]],
    [[4, 6, 5], []],
  ];
  test.each(cases)('sum and mean of %j over %j', async (shape, axes) => {
    for (const op of [tf.sum, tf.mean]) {
      for (const keepDims of [false, true]) {
        const { cpu, wasm } = await onBoth(() => op(normal(shape, 1), axes, keepDims));
        expect(wasm.shape).toEqual(cpu.shape);
        const size = shape.reduce((a, b) => a * b, 1);
        wasm.data.forEach((value, at) => {
          expect(Math.abs(value - cpu.data[at]!)).toBeLessThan(1e-6 * size);
        });
      }
    }
  });
  test('a long sum of float32 stays exact to 1e-6', async () => {
    await useBackend('wasm');
    const values = tf.fill([100_003, 1], 0.1);
    const exact = 100_003 * Math.fround(0.1);
    expect(Math.abs(values.sum().dataSync()[0]! / exact - 1)).toBeLessThan(1e-6);
    values.dispose();
  });
  test('integers are left to TF.js', async () => {
    const { cpu, wasm } = await onBoth(() => tf.sum(tf.tensor2d([1, 2, 3, 4], [2, 2], 'int32'), 0));
    expect(wasm).toEqual(cpu);
  });
});

describe('moves are exact', () => {
  test.each([
    [[2, 3, 5, 12], 2],
    [[1, 1, 1, 9], 3],
    [[2, 4, 3, 64], 4],
    [[16, 6, 5, 4], 2],
  ])('depthToSpace of %j by %i', async (shape, block) => {
    const { cpu, wasm } = await onBoth(() => tf.depthToSpace(normal(shape, 1) as tf.Tensor4D, block, 'NHWC'));
    expect(wasm).toEqual(cpu);
  });
  test.each([
    [
      [1, 1, 1, 5],
      [2, 3, 4, 1],
    ],
    [
      [1, 1],
      [3, 7],
    ],
    [
      [4, 1],
      [1, 6],
    ],
    [
      [2, 3],
      [2, 2],
    ],
    [
      [1, 3, 1],
      [2, 1, 4],
    ],
  ])('tile of %j by %j', async (shape, reps) => {
    const { cpu, wasm } = await onBoth(() => tf.tile(normal(shape, 1), reps));
    expect(wasm).toEqual(cpu);
  });
});

test('FqsrReadInto copies a tensor to an array that is there, in shared memory too', () => {
  const x = tf.tensor2d([1, -2.5, 3, 4, 5, 6], [2, 3]);
  for (const target of [new Float32Array(6), new Float32Array(new SharedArrayBuffer(24))]) {
    const attrs: Readonly<Record<string, unknown>> = { target };
    expect(tf.engine().runKernel('FqsrReadInto', { x }, attrs as tf.NamedAttrMap)).toEqual([]);
    expect([...target]).toEqual([1, -2.5, 3, 4, 5, 6]);
  }
  x.dispose();
});
