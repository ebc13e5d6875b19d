import * as tf from '@tensorflow/tfjs';
import { type ConformanceCase, type Expected, numbers } from './case.js';

/** In units of the largest term of a channel, or of the loss. */
const BOUND = 1e-5;
const EPSILON = 1e-3;
const shape: [number, number, number, number] = [2, 5, 7, 6];
const channels = shape[3];
const [x, gamma, dy] = [numbers(shape, 1), numbers([channels], 2), numbers(shape, 3)];

/** Batch norm in training mode, by the operations that it is made of. */
function batchNorm(input: tf.Tensor, scale: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(input, [0, 1, 2]);
  return tf.mul(tf.mul(tf.sub(input, mean), tf.rsqrt(tf.add(variance, EPSILON))), scale);
}

/** Its value and gradients (Ioffe and Szegedy, ICML 2015, section 3). */
function batchNormReference() {
  const count = x.length / channels;
  const sums = (of: (i: number) => number) => {
    const total = new Float64Array(channels);
    for (let i = 0; i < x.length; i++) total[i % channels] = (total[i % channels] as number) + of(i);
    return total;
  };
  const mean = sums((i) => (x[i] as number) / count);
  const variance = sums((i) => ((x[i] as number) - (mean[i % channels] as number)) ** 2 / count);
  const unit = [...x].map(
    (value, i) => (value - (mean[i % channels] as number)) / Math.sqrt((variance[i % channels] as number) + EPSILON),
  );
  const forScale = sums((i) => (dy[i] as number) * (unit[i] as number));
  const forShift = sums((i) => dy[i] as number);
  const forInput = unit.map((value, i) => {
    const c = i % channels;
    const inner = (dy[i] as number) - ((forShift[c] as number) + value * (forScale[c] as number)) / count;
    return ((gamma[c] as number) / Math.sqrt((variance[c] as number) + EPSILON)) * inner;
  });
  return { output: unit.map((value, i) => value * (gamma[i % channels] as number)), forScale, forInput };
}

const scaled = (values: ArrayLike<number>, own: readonly number[], scale: number): Expected => ({
  shape: own,
  values,
  scales: Array.from(values, () => scale),
});
const tensors = (): [tf.Tensor, tf.Tensor] => [tf.tensor(x, shape), tf.tensor(gamma, [channels])];
const grads = () => tf.grads(batchNorm)(tensors(), tf.tensor(dy, shape)) as [tf.Tensor, tf.Tensor];

/** Cross-entropy of a discriminator's logits against labels, and its gradient: the mean of `max(z, 0) - z y + log(1 + exp(-|z|))`. */
const logits = numbers([9, 1], 5);
const labels = logits.map((_, i) => i % 2);
const crossEntropy = (z: tf.Tensor): tf.Tensor => tf.losses.sigmoidCrossEntropy(tf.tensor(labels, [9, 1]), z);

export const composedCases: readonly ConformanceCase[] = [
  {
    ...{ op: 'batch norm in training', title: `[${shape}]`, bound: BOUND },
    run: () => batchNorm(...tensors()),
    expected: () => scaled(batchNormReference().output, shape, 3),
  },
  {
    ...{ op: 'gradient of batch norm', title: `input [${shape}]`, bound: BOUND },
    run: () => grads()[0],
    expected: () => scaled(batchNormReference().forInput, shape, 9),
  },
  {
    ...{ op: 'gradient of batch norm', title: `scale [${channels}]`, bound: BOUND },
    run: () => grads()[1],
    expected: () => scaled(batchNormReference().forScale, [channels], x.length / channels),
  },
  {
    ...{ op: 'sigmoid cross-entropy', title: '[9,1]', bound: BOUND },
    run: () => crossEntropy(tf.tensor(logits, [9, 1])),
    expected: () => {
      const terms = [...logits].map(
        (z, i) => Math.max(z, 0) - z * (labels[i] as number) + Math.log1p(Math.exp(-Math.abs(z))),
      );
      return { shape: [], values: [terms.reduce((a, b) => a + b, 0) / 9] };
    },
  },
  {
    ...{ op: 'gradient of sigmoid cross-entropy', title: '[9,1]', bound: BOUND },
    run: () => tf.grad(crossEntropy)(tf.tensor(logits, [9, 1])),
    expected: () =>
      scaled(
        [...logits].map((z, i) => (1 / (1 + Math.exp(-z)) - (labels[i] as number)) / 9),
        [9, 1],
        1,
      ),
  },
];
