import type * as tf from '@tensorflow/tfjs';
import type { LevelRange } from '../grids.js';

/** A straight-through estimator: rounding to levels with a surrogate gradient. */
export interface Ste {
  readonly name: string;
  readonly description: string;
  /**
   * Levels from a tensor already divided by its step.
   *
   * @param scaled any shape, in units of the step
   * @returns integers in `[qmin, qmax]`, same shape; differentiable by the surrogate
   */
  readonly round: (scaled: tf.Tensor, range: LevelRange) => tf.Tensor;
}
