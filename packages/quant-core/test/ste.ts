/** Estimators alone, without a grid around them. */
import * as tf from '@tensorflow/tfjs';
import type { LevelRange } from '../src/grids.js';
import { quantizeOp } from '../src/quantize-op.js';
import type { Ste } from '../src/ste/types.js';

/** Levels of values in steps under an estimator, differentiable by its surrogate; random ones round with `seed`. */
export function roundWith(ste: Ste, r: tf.Tensor, range: LevelRange, seed = 1): tf.Tensor {
  const noise = ste.rounding === 'stochastic' ? tf.randomUniform(r.shape, 0, 1, 'float32', seed) : null;
  const options = { range, ste, steOptions: ste.options, stepGradient: 'residual', noise } as const;
  return quantizeOp(r, { from: null, step: null, zeroPoint: null }, options);
}
