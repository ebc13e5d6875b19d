/** The moving average of the parameters. */
import * as tf from '@tensorflow/tfjs';

/**
 * `average + (1 - d) * (theta - average)`, as in Polyak averaging with an exponential window of `1 / (1 - decay)` steps. Logarithms of quantizer steps are
 * averaged as they are, so steps by their geometric mean.
 *
 * `d = min(decay, (1 + step) / (10 + step))`, as in TensorFlow's `ExponentialMovingAverage`: a long window forgets where the training began as fast as a short one.
 *
 * @param step steps taken, this one included
 * @returns the new average; the caller disposes all
 */
export function movedAverage(average: tf.Tensor1D, theta: tf.Tensor1D, decay: number, step: number): tf.Tensor1D {
  return tf.tidy(() => tf.add(average, tf.mul(tf.sub(theta, average), 1 - Math.min(decay, (1 + step) / (10 + step)))));
}
