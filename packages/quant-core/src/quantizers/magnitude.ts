/** Statistics of weights, over the whole tensor or for each channel. */
import * as tf from '@tensorflow/tfjs';
import type { Granularity } from '../quant-spec.js';

/** The axes over which values share one entry. */
function sharedAxes({ rank }: tf.Tensor, granularity: Granularity): number[] {
  return Array.from({ length: granularity === 'channel' ? rank - 1 : rank }, (_, axis) => axis);
}

const statistic =
  (reduce: (x: tf.Tensor, axes: number[]) => tf.Tensor) =>
  (x: tf.Tensor, granularity: Granularity): tf.Tensor1D => {
    const axes = sharedAxes(x, granularity);
    return tf.reshape(axes.length === 0 ? x : reduce(x, axes), [-1]);
  };

/** `[1]`, or one for each entry of the last axis. Differentiable. */
export const meanOf = statistic((x, axes) => tf.mean(x, axes));
export const sumOf = statistic((x, axes) => tf.sum(x, axes));
export const maxOf = statistic((x, axes) => tf.max(x, axes));
