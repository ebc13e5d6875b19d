import * as tf from '@tensorflow/tfjs';
import { broadcastIndex, type ConformanceCase, numbers, repeated, ULP } from './case.js';

type Op = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
interface Binary {
  readonly op: Op;
  readonly exact: (a: number, b: number) => number;
  readonly bound: number;
}

/** Larger and smaller, NaN if one is NaN. */
const compare = (exact: (a: number, b: number) => boolean) => (a: number, b: number) => Number(exact(a, b));

/** Operations on two tensors with broadcasting, each pair by itself. */
export const binary: Readonly<Record<string, Binary>> = {
  add: { op: tf.add, exact: (a, b) => a + b, bound: 0 },
  sub: { op: tf.sub, exact: (a, b) => a - b, bound: 0 },
  mul: { op: tf.mul, exact: (a, b) => a * b, bound: 0 },
  div: { op: tf.div, exact: (a, b) => a / b, bound: 2.5 * ULP },
  maximum: { op: tf.maximum, exact: Math.max, bound: 0 },
  minimum: { op: tf.minimum, exact: Math.min, bound: 0 },
  squaredDifference: { op: tf.squaredDifference, exact: (a, b) => Math.fround(a - b) ** 2, bound: 0 },
  prelu: { op: (a, b) => tf.prelu(a, b), exact: (a, b) => (a < 0 ? a * b : a), bound: 0 },
  greater: { op: tf.greater, exact: compare((a, b) => a > b), bound: 0 },
  greaterEqual: { op: tf.greaterEqual, exact: compare((a, b) => a >= b), bound: 0 },
  less: { op: tf.less, exact: compare((a, b) => a < b), bound: 0 },
  lessEqual: { op: tf.lessEqual, exact: compare((a, b) => a <= b), bound: 0 },
  equal: { op: tf.equal, exact: compare((a, b) => a === b), bound: 0 },
  'where (a > b)': {
    op: (a, b) => tf.where(tf.greater(a, b), a, tf.mul(b, 2)),
    exact: (a, b) => (a > b ? a : 2 * b),
    bound: 0,
  },
  'logicalAnd and logicalOr of signs': {
    op: (a, b) => {
      const [left, right] = [tf.greater(a, 0), tf.greater(b, 0)];
      return tf.add(tf.cast(tf.logicalAnd(left, right), 'float32'), tf.cast(tf.logicalOr(left, right), 'float32'));
    },
    exact: (a, b) => Number(a > 0 && b > 0) + Number(a > 0 || b > 0),
    bound: 0,
  },
};

/** Left, right and result shapes: the left one is the larger where an operation asks for it. */
const shapes: readonly (readonly (readonly number[])[])[] = [
  [[], [], []],
  [[7], [7], [7]],
  [[64], [64], [64]],
  [[7], [], [7]],
  [[64], [1], [64]],
  [[2, 3, 3, 5], [5], [2, 3, 3, 5]],
  [
    [2, 3, 3, 16],
    [1, 1, 1, 16],
    [2, 3, 3, 16],
  ],
  [
    [4, 6, 5],
    [4, 6, 1],
    [4, 6, 5],
  ],
  [
    [3, 3, 4, 8],
    [1, 1, 4, 1],
    [3, 3, 4, 8],
  ],
];
const both: readonly (readonly (readonly number[])[])[] = [
  [
    [6, 1],
    [1, 5],
    [6, 5],
  ],
  [[3], [4, 5, 3], [4, 5, 3]],
];
const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 1];
/** Comparisons of NaN are of no use to any network; these carry a NaN on to where it is seen. */
const carriers = ['add', 'sub', 'mul', 'maximum', 'minimum', 'prelu'];

function casesOf(name: string, { op, exact, bound }: Binary): readonly ConformanceCase[] {
  const make = (
    row: string,
    [left = [], right = [], out = []]: readonly (readonly number[])[],
    a: Float32Array,
    b: Float32Array,
  ): ConformanceCase => ({
    ...{ op: row, title: `[${left}] and [${right}]`, bound },
    run: () => tf.cast(op(tf.tensor(a, [...left]), tf.tensor(b, [...right])), 'float32'),
    expected: () => {
      const [atA, atB] = [broadcastIndex(left, out), broadcastIndex(right, out)];
      const size = out.reduce((x, y) => x * y, 1);
      const values = Array.from({ length: size }, (_, i) => exact(a[atA(i)] as number, b[atB(i)] as number));
      return { shape: out, values };
    },
  });
  const usable = name === 'prelu' ? shapes : [...shapes, ...both];
  const plain = usable.map((shape, i) => {
    const [left = [], right = []] = shape;
    // Halves, so that comparisons meet ties.
    const half = (values: Float32Array) => (bound === 0 ? values.map((x) => Math.round(x * 2) / 2) : values);
    return make(name, shape, half(numbers(left, i + 1)), half(numbers(right, i + 20)));
  });
  if (!carriers.includes(name)) return plain;
  const pairs = [[25], [28]].map((shape) =>
    make(`${name} of NaN and infinities`, [shape, shape, shape], repeated(odd, shape), repeated(odd, shape, 5)),
  );
  return [...plain, ...pairs];
}

export const binaryCases: readonly ConformanceCase[] = Object.entries(binary).flatMap(([name, one]) =>
  casesOf(name, one),
);
