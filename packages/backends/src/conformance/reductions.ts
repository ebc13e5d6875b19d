import * as tf from '@tensorflow/tfjs';
import { type ConformanceCase, numbers } from './case.js';

type Reduce = (x: tf.Tensor, axes?: number[], keepDims?: boolean) => tf.Tensor;

/** Shapes and axes; with four dimensions over the first three: the gradient of a bias. */
const cases: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[7], [0]],
  [
    [3, 5, 7, 31],
    [0, 1, 2, 3],
  ],
  [
    [5, 7, 3],
    [0, 1],
  ],
  [[4, 6, 5], [1]],
  [[4, 6, 5], [2]],
  [
    [2, 9, 11, 12],
    [0, 1, 2],
  ],
];
/** A long sum, and a long one for each channel. */
const long: typeof cases = [
  [[100_003], [0]],
  [[4_099, 3], [0]],
  [[3, 66_001], [1]],
];

/** Which place of the result each place of the input adds to. */
function targets(
  shape: readonly number[],
  axes: readonly number[],
): { readonly out: number[]; readonly at: (i: number) => number } {
  const kept = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const out = kept.map((axis) => shape[axis] as number);
  const at = (i: number) =>
    kept.reduce(
      (sum, axis) =>
        sum * (shape[axis] as number) + (Math.floor(i / (strides[axis] as number)) % (shape[axis] as number)),
      0,
    );
  return { out, at };
}

/** In units of the sum of absolute terms. */
const SUM_BOUND = 1e-6;

function sums(name: string, op: Reduce, factorOf: (terms: number) => number): readonly ConformanceCase[] {
  return [...cases, ...long].map(([shape, axes], i) => ({
    ...{ op: name, title: `[${shape}] over ${axes}`, bound: SUM_BOUND },
    run: () => op(tf.tensor(numbers(shape, i + 1), [...shape]), [...axes]),
    expected: () => {
      const { out, at } = targets(shape, axes);
      const size = out.reduce((a, b) => a * b, 1);
      const [values, scales] = [new Float64Array(size), new Float64Array(size)];
      const x = numbers(shape, i + 1);
      const factor = factorOf(x.length / size);
      for (const [place, value] of x.entries()) {
        values[at(place)] = (values[at(place)] as number) + value * factor;
        scales[at(place)] = (scales[at(place)] as number) + Math.abs(value) * factor;
      }
      return { shape: out, values, scales };
    },
  }));
}

function extremes(name: string, op: Reduce, better: (a: number, b: number) => number): readonly ConformanceCase[] {
  return cases.map(([shape, axes], i) => ({
    ...{ op: name, title: `[${shape}] over ${axes}`, bound: 0 },
    run: () => op(tf.tensor(numbers(shape, i + 1), [...shape]), [...axes]),
    expected: () => {
      const { out, at } = targets(shape, axes);
      const values = new Float64Array(out.reduce((a, b) => a * b, 1)).fill(Number.NaN);
      for (const [place, value] of numbers(shape, i + 1).entries()) {
        const best = values[at(place)] as number;
        values[at(place)] = Number.isNaN(best) ? value : better(best, value);
      }
      return { shape: out, values };
    },
  }));
}

/** A NaN or infinity anywhere must reach the sum: training steps are checked by it. */
const carried: readonly ConformanceCase[] = [Number.NaN, Number.POSITIVE_INFINITY].map((odd) => ({
  ...{ op: 'sum of NaN and infinities', title: `0 * ${odd} among 5001`, bound: 0 },
  run: () => tf.sum(tf.mul(tf.tensor1d(numbers([5001], 1).map((x, i) => (i === 4321 ? odd : x))), 0)),
  expected: () => ({ shape: [], values: [Number.NaN] }),
}));

export const reductionCases: readonly ConformanceCase[] = [
  ...sums('sum', tf.sum, () => 1),
  ...sums('mean', tf.mean, (terms) => 1 / terms),
  ...extremes('max', tf.max, Math.max),
  ...extremes('min', tf.min, Math.min),
  ...carried,
];
