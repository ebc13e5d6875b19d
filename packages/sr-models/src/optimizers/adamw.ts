import * as tf from '@tensorflow/tfjs';
import { moved } from './adam.js';
import type { OptimizerRule } from './types.js';

/**
 * AdamW (Loshchilov and Hutter, ICLR 2019): Adam, and apart from its moments `theta - lr * weightDecay * theta` of the parameters before the step, for
 * convolution weights.
 */
export const adamw = {
  name: 'adamw',
  description: 'Adam with decoupled weight decay',
  slots: ['m', 'v'],
  next: (step, options) => {
    const { m, v, direction } = moved(step, options);
    const shrunk = tf.mul(step.theta, step.learningRate * options.weightDecay);
    const decay = step.decayed ? tf.mul(shrunk, step.decayed) : shrunk;
    return { theta: tf.sub(tf.sub(step.theta, decay), direction), slots: [m, v] };
  },
} as const satisfies OptimizerRule;
