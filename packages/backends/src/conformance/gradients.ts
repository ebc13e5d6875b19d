import * as tf from '@tensorflow/tfjs';
import { broadcastIndex, type ConformanceCase, numbers, ULP } from './case.js';

/** The slope of an operation on one tensor, at ties as TF.js defines it. */
interface Slope {
  readonly op: (x: tf.Tensor) => tf.Tensor;
  readonly slope: (x: number) => number;
  readonly bound: number;
  readonly domain?: (x: number) => number;
}

const positive = (x: number): number => Math.abs(x) + 0.05;
/** To halves, so that kinks are met. */
const halves = (x: number): number => Math.round(x * 2) / 2;
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const slopes: Readonly<Record<string, Slope>> = {
  relu: { op: tf.relu, slope: (x) => Number(x > 0), bound: 0, domain: halves },
  abs: { op: tf.abs, slope: (x) => (x > 0 ? 1 : -1), bound: 0, domain: halves },
  neg: { op: tf.neg, slope: () => -1, bound: 0 },
  leakyRelu: { op: (x) => tf.leakyRelu(x, 0.25), slope: (x) => (x > 0 ? 1 : 0.25), bound: 0, domain: halves },
  clipByValue: {
    op: (x) => tf.clipByValue(x, -1, 0.5),
    slope: (x) => Number(x >= -1 && x <= 0.5),
    bound: 0,
    domain: halves,
  },
  round: { op: tf.round, slope: () => 0, bound: 0 },
  square: { op: tf.square, slope: (x) => 2 * x, bound: 2 * ULP },
  sqrt: { op: tf.sqrt, slope: (x) => 0.5 / Math.sqrt(x), domain: positive, bound: 8 * ULP },
  reciprocal: { op: tf.reciprocal, slope: (x) => -1 / (x * x), domain: positive, bound: 8 * ULP },
  exp: { op: tf.exp, slope: Math.exp, bound: 12 * ULP },
  log: { op: tf.log, slope: (x) => 1 / x, domain: positive, bound: 8 * ULP },
  sigmoid: { op: tf.sigmoid, slope: (x) => sigmoid(x) * (1 - sigmoid(x)), bound: 1e-5 },
  tanh: { op: tf.tanh, slope: (x) => 1 - Math.tanh(x) ** 2, bound: 1e-3 },
  softplus: { op: tf.softplus, slope: sigmoid, bound: 12 * ULP },
};

const pointwise: readonly ConformanceCase[] = Object.entries(slopes).flatMap(
  ([name, { op, slope, bound, domain = (x: number) => x }]) =>
    [[7], [3, 5, 7], [2, 3, 5, 4]].map((shape, i) => {
      const x = numbers(shape, i + 1).map(domain);
      const dy = numbers(shape, i + 11);
      return {
        ...{ op: `gradient of ${name}`, title: `[${shape}]`, bound },
        run: () => tf.grad(op)(tf.tensor(x, shape), tf.tensor(dy, shape)),
        expected: () => ({ shape, values: [...x].map((value, at) => slope(value) * (dy[at] as number)) }),
      };
    }),
);

/** The slopes of an operation on two tensors. */
interface Slopes {
  readonly op: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
  readonly slopes: readonly [left: (a: number, b: number) => number, right: (a: number, b: number) => number];
}
const pairs: Readonly<Record<string, Slopes>> = {
  add: { op: tf.add, slopes: [() => 1, () => 1] },
  sub: { op: tf.sub, slopes: [() => 1, () => -1] },
  mul: { op: tf.mul, slopes: [(_, b) => b, (a) => a] },
  div: { op: tf.div, slopes: [(_, b) => 1 / b, (a, b) => -a / (b * b)] },
  maximum: { op: tf.maximum, slopes: [(a, b) => Number(a >= b), (a, b) => Number(a < b)] },
  minimum: { op: tf.minimum, slopes: [(a, b) => Number(a <= b), (a, b) => Number(a > b)] },
  prelu: { op: (a, b) => tf.prelu(a, b), slopes: [(a, b) => (a > 0 ? 1 : b), (a) => (a > 0 ? 0 : a)] },
};
const pairShapes: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[7], [7]],
  [[2, 3, 3, 5], [5]],
  [
    [2, 9, 11, 16],
    [1, 1, 16],
  ],
];
/** In units of the sum of absolute terms. */
const PAIR_BOUND = 1e-6;

function pairCases(name: string, { op, slopes: both }: Slopes): readonly ConformanceCase[] {
  return pairShapes.flatMap(([left, right], i) =>
    both.map((slope, side) => {
      // Quarters away from zero: ties are met, quotients stay tame.
      const quarters = (value: number) => Math.sign(value || 1) * (Math.round(Math.abs(value) * 4) / 4 + 0.25);
      const a = numbers(left, i + 1).map(quarters);
      const b = numbers(right, i + 20).map(quarters);
      const dy = numbers(left, i + 40);
      const shape = side === 0 ? left : right;
      return {
        ...{
          op: `gradient of ${name}`,
          title: `${side === 0 ? 'left' : 'right'} of [${left}] and [${right}]`,
          bound: PAIR_BOUND,
        },
        run: () =>
          tf.grads(op)([tf.tensor(a, [...left]), tf.tensor(b, [...right])], tf.tensor(dy, [...left]))[
            side
          ] as tf.Tensor,
        expected: () => {
          const at = broadcastIndex(right, left);
          const values = new Float64Array(side === 0 ? a.length : b.length);
          const scales = new Float64Array(values.length);
          for (let from = 0; from < a.length; from++) {
            const to = side === 0 ? from : at(from);
            const term = slope(a[from] as number, b[at(from)] as number) * (dy[from] as number);
            values[to] = (values[to] as number) + term;
            scales[to] = (scales[to] as number) + Math.abs(term);
          }
          return { shape, values, scales };
        },
      };
    }),
  );
}

/** Moves and sums: their gradients move back and spread. */
const shapesOf = { from: [2, 3, 5, 12], to: [2, 6, 10, 3] };
const moving: readonly ConformanceCase[] = [
  {
    ...{ op: 'gradient of depthToSpace', title: `[${shapesOf.from}]`, bound: 0 },
    run: () => {
      const shuffle = (x: tf.Tensor) => tf.depthToSpace(x as tf.Tensor4D, 2, 'NHWC');
      const x = tf.tensor(numbers(shapesOf.from, 1), shapesOf.from);
      return tf.grad(shuffle)(x, shuffle(x));
    },
    expected: () => ({ shape: shapesOf.from, values: numbers(shapesOf.from, 1) }),
  },
  {
    ...{ op: 'gradient of mean', title: '[5,7,3] over all', bound: 2 * ULP },
    run: () => tf.grad((x) => tf.mean(x))(tf.tensor(numbers([5, 7, 3], 1), [5, 7, 3])),
    expected: () => ({ shape: [5, 7, 3], values: new Float64Array(105).fill(1 / 105) }),
  },
  {
    ...{ op: 'gradient of sum', title: '[5,7,3] over 0,1', bound: 0 },
    run: () => tf.grad((x) => tf.sum(x, [0, 1]))(tf.tensor(numbers([5, 7, 3], 1), [5, 7, 3]), tf.tensor1d([1, 2, 3])),
    expected: () => ({ shape: [5, 7, 3], values: Array.from({ length: 105 }, (_, i) => (i % 3) + 1) }),
  },
  {
    ...{ op: 'gradient of split and concat', title: '[20]', bound: 0 },
    run: () =>
      tf.grad((x) =>
        tf.concat1d((tf.split(x, [3, 7, 10]) as tf.Tensor1D[]).map((part, i) => tf.mul<tf.Tensor1D>(part, i + 1))),
      )(tf.tensor1d(numbers([20], 1)), tf.tensor1d(numbers([20], 2))),
    expected: () => ({ shape: [20], values: [...numbers([20], 2)].map((dy, i) => dy * (i < 3 ? 1 : i < 10 ? 2 : 3)) }),
  },
];

export const gradientCases: readonly ConformanceCase[] = [
  ...pointwise,
  ...Object.entries(pairs).flatMap(([name, one]) => pairCases(name, one)),
  ...moving,
];
