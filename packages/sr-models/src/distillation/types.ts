import type * as tf from '@tensorflow/tfjs';

/** What a student and its teacher made of the same images. */
export interface Made {
  /** The image in grey levels, NHWC. */
  readonly image: tf.Tensor4D;
  /** Real values of the nodes that are compared, NHWC, in their order. */
  readonly features: readonly tf.Tensor4D[];
}

/** A way to learn from a teacher. */
export interface Distillation {
  readonly name: string;
  readonly description: string;
  /** A scalar, differentiable in what the student made. */
  readonly of: (student: Made, teacher: Made) => tf.Scalar;
}
