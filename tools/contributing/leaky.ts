import type { Ste } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';

/** As `clipped`, but what lies outside the grid still feels a share of its gradient, and can come back. */
export const leaky = {
  name: 'leaky',
  description: 'identity inside the grid, a share of it outside',
  formula: 'dq/dr = 1 for qmin <= r <= qmax, else leak',
  options: { leak: 0.1 },
  refuses: ({ leak }) => ((leak as number) >= 0 ? null : `have a leak of 0 or more, got ${leak}`),
  rounding: 'nearest',
  gradient: (dq, r, { range: { qmin, qmax }, options: { leak } }) => {
    const outside = tf.step(tf.abs(tf.sub(r, tf.clipByValue(r, qmin, qmax))));
    return tf.mul(dq, tf.sub(1, tf.mul(outside, 1 - (leak as number))));
  },
} as const satisfies Ste;
