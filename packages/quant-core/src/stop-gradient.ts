import * as tf from '@tensorflow/tfjs';

/** The same values; their gradient is 0: for what is calibrated or measured, and not learned. */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  const op = tf.customGrad((t) => ({
    value: tf.clone(t as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }));
  return op(x) as T;
}
