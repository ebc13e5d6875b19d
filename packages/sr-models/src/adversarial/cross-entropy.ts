import * as tf from '@tensorflow/tfjs';

/** The mean binary cross-entropy of logits that should all say yes: `mean softplus(-x)`; finite for every finite logit. */
export function shouldBeReal(logits: tf.Tensor): tf.Scalar {
  return tf.mean(tf.softplus(tf.neg(logits)));
}

/** The mean binary cross-entropy of logits that should all say no: `mean softplus(x)`. */
export function shouldBeFake(logits: tf.Tensor): tf.Scalar {
  return tf.mean(tf.softplus(logits));
}

/** The mean of two scalars. */
export function half(a: tf.Scalar, b: tf.Scalar): tf.Scalar {
  return tf.div(tf.add(a, b), 2);
}
