import * as tf from '@tensorflow/tfjs';
import type { Loss } from './types.js';

/** `mean (sr - hr)^2`, in squared grey levels: the loss of SRResNet (Ledig et al., CVPR 2017). The gradient is `2 (sr - hr) / count`. */
export const mse = {
  name: 'mse',
  description: 'mean squared error',
  of: (sr, hr) => tf.mean(tf.square(tf.sub(sr, hr))),
} as const satisfies Loss;
