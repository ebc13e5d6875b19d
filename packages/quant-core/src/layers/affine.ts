/** What the layers with a kernel share: the bias in steps of the accumulator, and the activation behind it. */
import * as tf from '@tensorflow/tfjs';
import { roundThrough } from '../fake-quant.js';
import { mulScale, real } from '../scaled.js';
import type { Operand } from './quant-layer.js';

/**
 * Reals from a sum of products: `(acc + round(b / (sx * sw))) * (sx * sw)` where both operands are integers, `acc * scale + b` otherwise.
 *
 * @param acc sums of products of the operands' values, output channels last
 * @param bias `[channels]`, or `null`
 */
export function addBias(acc: tf.Tensor, x: Operand, weights: Operand, bias: tf.Tensor | null): tf.Tensor {
  const scale = mulScale(x.scale, weights.scale);
  if (!bias) return real({ value: acc, scale });
  if (!x.grid || !weights.grid) return tf.add(real({ value: acc, scale }), bias);
  const levels = roundThrough(scale ? tf.div(bias, scale) : bias);
  return real({ value: tf.add(acc, levels), scale });
}

/** The activation of a wrapped layer, by its configuration; `null` where it is linear. */
export function activationOf(wrapped: tf.layers.Layer): tf.layers.Layer | null {
  const activation = wrapped.getConfig()['activation'] as ActivationName | undefined;
  if (!activation || activation === 'linear') return null;
  return tf.layers.activation({ activation, name: `${wrapped.name}_activation` });
}

/** A name of an activation, as TensorFlow.js types it. */
type ActivationName = Parameters<typeof tf.layers.activation>[0]['activation'];
