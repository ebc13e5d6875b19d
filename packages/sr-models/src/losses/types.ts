import type * as tf from '@tensorflow/tfjs';
import type { FeatureExtractor } from '../perceptual/types.js';

/** What some losses need beside the two images. */
export interface LossContext {
  /** For perceptual losses; `null` where the user gave no weights. */
  readonly features: FeatureExtractor | null;
}

/** A loss between the network's image and the true one, both NHWC in grey levels. */
export interface Loss {
  readonly name: string;
  readonly description: string;
  /** What it cannot do without. */
  readonly needs?: 'features';
  /** A scalar in the unit that the loss states, differentiable in `sr`. */
  readonly of: (sr: tf.Tensor4D, hr: tf.Tensor4D, context: LossContext) => tf.Scalar;
}
