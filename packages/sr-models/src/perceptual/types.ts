import type * as tf from '@tensorflow/tfjs';

/** One layer's features. */
export interface FeatureMap {
  readonly layer: string;
  /** Weight of this layer in a perceptual loss. */
  readonly weight: number;
  /** NHWC. */
  readonly value: tf.Tensor4D;
}

/** A frozen network that sees images as features, for perceptual losses. Owns tensors: dispose it. */
export interface FeatureExtractor {
  /** Features of images in grey levels, NHWC, one map for each layer asked for; differentiable in the images. The caller disposes. */
  readonly of: (images: tf.Tensor4D) => readonly FeatureMap[];
  readonly dispose: () => void;
}
