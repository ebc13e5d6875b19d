import * as tf from '@tensorflow/tfjs';
import type { Loss } from './types.js';

/**
 * `mean |sr - hr|`, in grey levels: the loss of EDSR and FQSR. The gradient at equality is 0.
 *
 * Not by `tf.abs`, whose gradient at 0 is -1: a quantized network's integers often equal the true image's, and would drift upwards there.
 */
export const l1 = {
  name: 'l1',
  description: 'mean absolute error',
  of: (sr, hr) => {
    const error = tf.sub(sr, hr);
    return tf.mean(tf.add(tf.relu(error), tf.relu(tf.neg(error))));
  },
} as const satisfies Loss;
