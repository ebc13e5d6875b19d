import * as tf from '@tensorflow/tfjs';

/**
 * `mean |a - b|`, with the gradient `sign(a - b) / count` in `a`, 0 at equality.
 *
 * Not by `tf.abs`, whose gradient at 0 is -1: a quantized network's integers often equal the true image's, and would drift upwards there.
 */
export function meanAbsoluteDifference(a: tf.Tensor, b: tf.Tensor): tf.Scalar {
  const error = tf.sub(a, b);
  return tf.mean(tf.add(tf.relu(error), tf.relu(tf.neg(error))));
}
