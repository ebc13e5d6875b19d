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
  const [m, v] = slots as [tf.Tensor1D, tf.Tensor1D];
  const inputs = { m, v, gradient };
  const constants = {
    ...{ decay1: beta1, rest1: 1 - beta1, decay2: beta2, rest2: 1 - beta2 },
    ...{ rate: learningRate / (1 - beta1 ** step), correction: 1 / (1 - beta2 ** step), epsilon },
  };
  const next = tf.getKernel(fusedAdam, tf.getBackend())
    ? tf.engine().runKernel<tf.Tensor1D[]>(fusedAdam, inputs, constants)
    : composed(inputs, constants);
  const [newM, newV, direction] = next as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
  return { m: newM, v: newV, direction: rates ? tf.mul(direction, rates) : direction };
}

/** The kernel of a backend that has it in one pass: see `wasm/adam.ts` of `@fqsr/backends`. */
const fusedAdam = 'FqsrAdam';

/** The same bits as the kernel's. */
function composed(
  { m, v, gradient }: Readonly<Record<'m' | 'v' | 'gradient', tf.Tensor1D>>,
  c: Readonly<Record<'decay1' | 'rest1' | 'decay2' | 'rest2' | 'rate' | 'correction' | 'epsilon', number>>,
): tf.Tensor1D[] {
  const newM: tf.Tensor1D = tf.add(tf.mul(m, c.decay1), tf.mul(gradient, c.rest1));
  const newV: tf.Tensor1D = tf.add(tf.mul(v, c.decay2), tf.mul(tf.square(gradient), c.rest2));
  const denominator = tf.add(tf.sqrt(tf.mul(newV, c.correction)), c.epsilon);
  return [newM, newV, tf.div(tf.mul(newM, c.rate), denominator)];
}
