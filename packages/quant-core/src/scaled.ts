/**
 * `Scaled`: a tensor as the number `value * scale`. Between quantizers a network's tensors are integers held in floats, times one step:
 * convolutions of levels then sum exactly (as long as |acc| < 2^24), so the fake-quantized graph *is* the integer network, differentiably.
 */
import * as tf from '@tensorflow/tfjs';

/** The real tensor `value * scale`. */
export interface Scaled<R extends tf.Rank = tf.Rank> {
  readonly value: tf.Tensor<R>;
  /** Shape `[1]` or `[channels]` (the last axis of `value`), > 0; `null` means 1. */
  readonly scale: tf.Tensor1D | null;
}

/** A plain tensor of reals as one. */
export function scaled<R extends tf.Rank>(value: tf.Tensor<R>): Scaled<R> {
  return { value, scale: null };
}

/** The real values: `value * scale`. */
export function real<R extends tf.Rank>({ value, scale }: Scaled<R>): tf.Tensor<R> {
  return scale ? (tf.mul(value, scale) as tf.Tensor<R>) : value;
}

/** The product of two scales, where `null` is 1. */
export function mulScale(a: tf.Tensor1D | null, b: tf.Tensor1D | null): tf.Tensor1D | null {
  if (!a) return b;
  return b ? (tf.mul(a, b) as tf.Tensor1D) : a;
}
