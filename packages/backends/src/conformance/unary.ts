import * as tf from '@tensorflow/tfjs';
import { type ConformanceCase, numbers, repeated, ULP } from './case.js';

type Op = (x: tf.Tensor) => tf.Tensor;
interface Unary {
  readonly op: Op;
  readonly exact: (x: number) => number;
  readonly bound: number;
  /** What inputs are made of numbers in [-3, 3). */
  readonly domain?: (x: number) => number;
  /** What errors are measured in, where it is not the value. */
  readonly scale?: (x: number) => number;
}

const halfEven = (x: number): number => {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
};
const positive = (x: number): number => Math.abs(x) + 0.01;
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Operations on one tensor, each value by itself. The bounds of exp, log, tanh and roots are what WGSL allows; cpu and wasm keep closer. */
export const unary: Readonly<Record<string, Unary>> = {
  abs: { op: tf.abs, exact: Math.abs, bound: 0 },
  neg: { op: tf.neg, exact: (x) => -x, bound: 0 },
  floor: { op: tf.floor, exact: Math.floor, bound: 0 },
  round: { op: tf.round, exact: halfEven, bound: 0 },
  step: { op: (x) => tf.step(x), exact: (x) => (Number.isNaN(x) ? x : Number(x > 0)), bound: 0 },
  sign: { op: tf.sign, exact: Math.sign, bound: 0 },
  relu: { op: tf.relu, exact: (x) => (x < 0 ? 0 : x), bound: 0 },
  leakyRelu: { op: (x) => tf.leakyRelu(x, 0.25), exact: (x) => (x < 0 ? 0.25 * x : x), bound: 0 },
  clipByValue: { op: (x) => tf.clipByValue(x, -1, 0.5), exact: (x) => Math.min(Math.max(x, -1), 0.5), bound: 0 },
  square: { op: tf.square, exact: (x) => x * x, bound: 0 },
  sqrt: { op: tf.sqrt, exact: Math.sqrt, domain: positive, bound: 3 * ULP },
  rsqrt: { op: tf.rsqrt, exact: (x) => 1 / Math.sqrt(x), domain: positive, bound: 3 * ULP },
  reciprocal: { op: tf.reciprocal, exact: (x) => 1 / x, domain: positive, bound: 2.5 * ULP },
  exp: { op: tf.exp, exact: Math.exp, bound: 10 * ULP },
  log: { op: tf.log, exact: Math.log, domain: positive, bound: 1e-6, scale: (x) => 1 + Math.abs(Math.log(x)) },
  sigmoid: { op: tf.sigmoid, exact: sigmoid, bound: 12 * ULP },
  tanh: { op: tf.tanh, exact: Math.tanh, bound: 1e-5, scale: () => 1 },
  softplus: { op: tf.softplus, exact: (x) => Math.log1p(Math.exp(x)), bound: 1e-5, scale: () => 1 },
};

const shapes = [[], [1], [7], [64], [3, 5, 7], [2, 3, 5, 4], [65_541]];
const ties = [
  -3.5,
  -2.5,
  -1.5,
  -1,
  -0.5,
  -0,
  0,
  0.5,
  1,
  1.5,
  2.5,
  3.5,
  2 ** 22 + 0.5,
  -(2 ** 22) - 1.5,
  2 ** 24,
  127.5,
];
const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 1];
const exactOps = ['abs', 'neg', 'floor', 'round', 'step', 'relu', 'leakyRelu', 'clipByValue'];

function casesOf(name: string, { op, exact, bound, domain = (x) => x, scale }: Unary): readonly ConformanceCase[] {
  const make = (row: string, title: string, shape: readonly number[], x: Float32Array): ConformanceCase => ({
    ...{ op: row, title, bound },
    run: () => op(tf.tensor(x, [...shape], 'float32')),
    expected: () => ({ shape, values: [...x].map(exact), ...(scale && { scales: [...x].map(scale) }) }),
  });
  const plain = shapes.map((shape, i) => make(name, `[${shape}]`, shape, numbers(shape, i + 1).map(domain)));
  if (!exactOps.includes(name)) return plain;
  const special = [[16], [17]].flatMap((shape) => [
    make(name, `ties [${shape}]`, shape, repeated(ties, shape)),
    make(`${name} of NaN and infinities`, `[${shape}]`, shape, repeated(odd, shape)),
  ]);
  return [...plain, ...special];
}

export const unaryCases: readonly ConformanceCase[] = Object.entries(unary).flatMap(([name, one]) =>
  casesOf(name, one),
);
