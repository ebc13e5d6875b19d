import type * as tf from '@tensorflow/tfjs';

/** A loss between the network's image and the true one, both NHWC in grey levels. */
export interface Loss {
  readonly name: string;
  readonly description: string;
  /** A scalar in grey levels (or their square, as the loss says), differentiable in `sr`. */
  readonly of: (sr: tf.Tensor4D, hr: tf.Tensor4D) => tf.Scalar;
}
