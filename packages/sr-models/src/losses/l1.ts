import * as tf from '@tensorflow/tfjs';
import type { Loss } from './types.js';

/** `mean |sr - hr|`, in grey levels: the loss of EDSR and FQSR. The gradient at equality is 0. */
export const l1 = {
  name: 'l1',
  description: 'mean absolute error',
  of: (sr, hr) => tf.mean(tf.abs(tf.sub(sr, hr))),
} as const satisfies Loss;
