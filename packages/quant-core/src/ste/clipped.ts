import * as tf from '@tensorflow/tfjs';
import type { Ste } from './types.js';

/**
 * The clipped straight-through estimator (Bengio et al. 2013; the STE of PACT, LSQ and FQSR).
 *
 * Value: `q = roundHalfEven(clamp(r, qmin, qmax))`. Surrogate gradient: `dq/dr = 1` for `qmin <= r <= qmax`, else 0.
 */
export const clipped = {
  name: 'clipped',
  description: 'identity through the rounding, zero outside the grid',
  round: (scaled, { qmin, qmax }) => {
    const op = tf.customGrad((r, save) => {
      (save as tf.GradSaveFunc)([r as tf.Tensor]);
      return {
        value: tf.round(tf.clipByValue(r as tf.Tensor, qmin, qmax)),
        gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) => {
          const x = saved as tf.Tensor;
          // |x - clip(x)| is exactly 0 inside, and step(0) = 0. Arithmetic, since comparisons are slow on WASM.
          const outside = tf.step(tf.abs(tf.sub(x, tf.clipByValue(x, qmin, qmax))));
          return tf.sub(dy, tf.mul(dy, outside));
        },
      };
    });
    return op(scaled);
  },
} as const satisfies Ste;
