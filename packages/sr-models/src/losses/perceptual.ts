import * as tf from '@tensorflow/tfjs';
import { ModelError } from '../error.js';
import type { FeatureMap } from '../perceptual/types.js';
import { meanAbsoluteDifference } from './absolute.js';
import type { Loss, LossContext } from './types.js';

/** `sum over layers of weight * mean |phi(sr) - phi(hr)|`, in the unit of the features `phi`: ESRGAN (Wang et al., ECCV workshops 2018) and BasicSR. */
export const perceptual = {
  name: 'perceptual',
  description: 'mean absolute error of VGG19 features',
  needs: 'features',
  of: (sr, hr, context) => compareFeatures('perceptual', meanAbsoluteDifference, sr, hr, context),
} as const satisfies Loss;

/**
 * `sum over layers of weight * mean (phi(sr) - phi(hr))^2`: SRGAN (Ledig et al., CVPR 2017), whose factor of 1/12.75 on the features is a weight of 0.006 here.
 */
export const perceptualMse = {
  name: 'perceptual-mse',
  description: 'mean squared error of VGG19 features',
  needs: 'features',
  of: (sr, hr, context) =>
    compareFeatures('perceptual-mse', (a, b) => tf.mean(tf.square(tf.sub(a, b))), sr, hr, context),
} as const satisfies Loss;

function compareFeatures(
  name: string,
  distance: (a: tf.Tensor, b: tf.Tensor) => tf.Scalar,
  sr: tf.Tensor4D,
  hr: tf.Tensor4D,
  { features }: LossContext,
): tf.Scalar {
  if (!features) {
    throw new ModelError(
      'perceptual',
      `loss ${name} must have VGG19 weights, got none`,
      'give them, or use multi-scale-gradient',
    );
  }
  const truth = features.of(hr);
  const parts = features.of(sr).map(({ weight, value }, i) => {
    return tf.mul(distance(value, (truth[i] as FeatureMap).value), weight);
  });
  return parts.reduce((sum, part) => tf.add(sum, part)) as tf.Scalar;
}
