import type * as tf from '@tensorflow/tfjs';

/** What discriminator and generator each minimise, on the discriminator's logits `[batch, 1]`. */
export interface AdversarialLoss {
  readonly name: string;
  readonly description: string;
  /** Scalar in nats, differentiable in both. */
  readonly discriminator: (real: tf.Tensor2D, fake: tf.Tensor2D) => tf.Scalar;
  /** Scalar in nats, differentiable in `fake`. */
  readonly generator: (real: tf.Tensor2D, fake: tf.Tensor2D) => tf.Scalar;
}
