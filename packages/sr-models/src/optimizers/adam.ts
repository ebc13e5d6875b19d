import * as tf from '@tensorflow/tfjs';
import type { OptimizerOptions, OptimizerRule, OptimizerStep } from './types.js';

/**
 * Adam (Kingma and Ba, ICLR 2015): `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`, `theta - lr * m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)`.
 *
 * The bias corrections are computed in float64 from the step count, so a restored state goes on with the same bits. Weight decay is ignored: see `adamw`.
 */
export const adam = {
  name: 'adam',
  description: 'Adam, as EDSR and FQSR use it',
  slots: ['m', 'v'],
  next: (step, options) => {
    const { m, v, direction } = moved(step, options);
    return { theta: tf.sub(step.theta, direction), slots: [m, v] };
  },
} as const satisfies OptimizerRule;

/** The moments after a step, and what it subtracts. */
export function moved(
  { gradient, slots, step, learningRate, rates }: OptimizerStep,
  { beta1, beta2, epsilon }: OptimizerOptions,
): { readonly m: tf.Tensor1D; readonly v: tf.Tensor1D; readonly direction: tf.Tensor1D } {
  const [oldM, oldV] = slots as [tf.Tensor1D, tf.Tensor1D];
  const m: tf.Tensor1D = tf.add(tf.mul(oldM, beta1), tf.mul(gradient, 1 - beta1));
  const v: tf.Tensor1D = tf.add(tf.mul(oldV, beta2), tf.mul(tf.square(gradient), 1 - beta2));
  const denominator = tf.add(tf.sqrt(tf.mul(v, 1 / (1 - beta2 ** step))), epsilon);
  const direction: tf.Tensor1D = tf.div(tf.mul(m, learningRate / (1 - beta1 ** step)), denominator);
  return { m, v, direction: rates ? tf.mul(direction, rates) : direction };
}
