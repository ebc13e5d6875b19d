import * as tf from '@tensorflow/tfjs';
import type { Loss } from './types.js';

/**
 * Width of the smooth part, in grey levels: the 1e-3 of LapSRN (Lai et al., CVPR 2017) and BasicSR, which is on images in 0..1, times 255.
 */
export const CHARBONNIER_EPSILON = 0.255;

/**
 * `mean(sqrt((sr - hr)^2 + eps^2)) - eps`, in grey levels, `eps` 0.255: the L1 loss, smooth at equality. The gradient is
 * `error / sqrt(error^2 + eps^2) / count`. Less `eps`, so that it is 0 at equality as other losses are; that changes no gradient.
 */
export const charbonnier = {
  name: 'charbonnier',
  description: 'smooth mean absolute error',
  of: (sr, hr) => {
    const squares = tf.square(tf.sub(sr, hr));
    const roots = tf.sqrt(tf.add(squares, CHARBONNIER_EPSILON ** 2));
    // The very root that float32 gives at equality, so that the difference there is 0 to the last bit.
    return tf.mean(tf.sub(roots, Math.fround(Math.sqrt(Math.fround(CHARBONNIER_EPSILON ** 2)))));
  },
} as const satisfies Loss;
