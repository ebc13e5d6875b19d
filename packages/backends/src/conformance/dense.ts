import * as tf from '@tensorflow/tfjs';
import { type ConformanceCase, type Expected, numbers } from './case.js';

const sizes: readonly (readonly [number, number, number])[] = [
  [1, 1, 1],
  [2, 7, 5],
  [4, 64, 1],
  [3, 129, 17],
  [16, 48, 20],
];

/** In units of the sum of absolute terms. */
const BOUND = 1e-6;

interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}
const matrix = (rows: number, columns: number, seed: number): Matrix => ({
  ...{ rows, columns },
  values: numbers([rows, columns], seed),
});
const turned = ({ rows, columns, values }: Matrix): Matrix => ({
  ...{ rows: columns, columns: rows },
  values: values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)] as number),
});
const tensor = ({ rows, columns, values }: Matrix): tf.Tensor2D => tf.tensor2d(values, [rows, columns]);

function product(a: Matrix, b: Matrix): Expected {
  const values = new Float64Array(a.rows * b.columns);
  const scales = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    for (let k = 0; k < a.columns; k++) {
      const left = a.values[Math.floor(i / b.columns) * a.columns + k] as number;
      const term = left * (b.values[k * b.columns + (i % b.columns)] as number);
      values[i] = (values[i] as number) + term;
      scales[i] = (scales[i] as number) + Math.abs(term);
    }
  }
  return { shape: [a.rows, b.columns], values, scales };
}

function casesOf([n, inputs, outputs]: readonly [number, number, number]): readonly ConformanceCase[] {
  const [x, w, dy] = [matrix(n, inputs, 1), matrix(inputs, outputs, 2), matrix(n, outputs, 3)];
  const multiply = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.matMul(a, b);
  const grads = () => tf.grads(multiply)([tensor(x), tensor(w)], tensor(dy)) as [tf.Tensor, tf.Tensor];
  const shared = { title: `[${n},${inputs}] and [${inputs},${outputs}]`, bound: BOUND };
  return [
    { ...shared, op: 'matMul', run: () => multiply(tensor(x), tensor(w)), expected: () => product(x, w) },
    { ...shared, op: 'gradient of matMul', run: () => grads()[0], expected: () => product(dy, turned(w)) },
    { ...shared, op: 'gradient of matMul', run: () => grads()[1], expected: () => product(turned(x), dy) },
  ];
}

export const denseCases: readonly ConformanceCase[] = sizes.flatMap(casesOf);
