import * as tf from '@tensorflow/tfjs';
import { ModelError } from '../error.js';
import type { Distillation, Made } from './types.js';

/** Keeps the norm of an all-zero map from dividing by 0, as in PyTorch's `normalize`. */
const EPSILON = 1e-12;

/**
 * Structured knowledge transfer of PAMS (Li et al., ECCV 2020, section 3.3): `mean (A(student) - A(teacher))^2` over pixels and images, where the spatial attention map
 * `A(F) = vec(sum_c F_c^2) / |vec(sum_c F_c^2)|_2` of each image has norm 1; several nodes count equally.
 *
 * Channels are summed away, so a student may have fewer of them. Without unit, and small: entries are about `1 / sqrt(pixels)`; weights of about 1000 are usual.
 */
export const attention = {
  name: 'attention',
  description: "squared error of the features' spatial attention maps, as in PAMS",
  of: (student, teacher) => {
    const parts = student.features.map((mine, i) => {
      const theirs = teacher.features[i] as Made['features'][number];
      return tf.mean(tf.square(tf.sub(attentionOf(mine), attentionOf(theirs))));
    });
    if (parts.length === 0) {
      throw new ModelError('attention', 'nodes must name a node to compare, got none', 'for example body.add');
    }
    return tf.div(tf.addN(parts), parts.length);
  },
} as const satisfies Distillation;

/** `[batch, height * width]`, rows of norm 1. */
function attentionOf(features: tf.Tensor4D): tf.Tensor2D {
  const [batch, height, width] = features.shape;
  const map = tf.reshape(tf.mean(tf.square(features), 3), [batch, height * width]) as tf.Tensor2D;
  const norm = tf.sqrt(tf.sum(tf.square(map), 1, true));
  return tf.div(map, tf.maximum(norm, EPSILON));
}
