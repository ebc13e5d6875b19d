/** The moving average of the parameters. */
import * as tf from '@tensorflow/tfjs';

/**
 * `average + (1 - decay) * (theta - average)`, as in Polyak averaging with an exponential window of `1 / (1 - decay)` steps. Logarithms of quantizer steps are
 * averaged as they are, so steps by their geometric mean.
 *
 * @returns the new average; the caller disposes all
 */
export function movedAverage(average: tf.Tensor1D, theta: tf.Tensor1D, decay: number): tf.Tensor1D {
  return tf.tidy(() => tf.add(average, tf.mul(tf.sub(theta, average), 1 - decay)));
}
