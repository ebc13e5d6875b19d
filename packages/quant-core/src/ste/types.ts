import type * as tf from '@tensorflow/tfjs';
import type { LevelRange } from '../grids.js';

/** What a surrogate gradient may look at. */
export interface SurrogateContext {
  readonly range: LevelRange;
  /** The estimator's numbers: its defaults, or what the spec puts in their place. */
  readonly options: Readonly<Record<string, number>>;
  /** The level that each value became, before the zero point is taken off; same shape. */
  readonly level: tf.Tensor;
}

/** A straight-through estimator: how values become levels, and the gradient that stands for that step function's own, which is zero. */
export interface Ste {
  readonly name: string;
  readonly description: string;
  /** The surrogate gradient as a formula, for people; `r` is the value in steps, `q` its level. */
  readonly formula: string;
  /** Numbers that shape it, with their defaults. */
  readonly options: Readonly<Record<string, number>>;
  /** Why it cannot work with such numbers, as the end of "spec.steOptions must ...", or `null` where it can. */
  readonly refuses?: (options: Readonly<Record<string, number>>) => string | null;
  /** Forward: to the nearest level, or to one of the two neighbours with probability by distance, from a seed. */
  readonly rounding: 'nearest' | 'stochastic';
  /**
   * `dL/dr` from `dL/dq`.
   *
   * @param dq gradient of the loss by the levels, any shape
   * @param r values in steps, the zero point included; same shape
   */
  readonly gradient: (dq: tf.Tensor, r: tf.Tensor, context: SurrogateContext) => tf.Tensor;
  /** The surrogate of the fused kernels that this is, where a backend has them. */
  readonly kernel?: 'clipped' | 'identity';
  /**
   * A factor on the gradient of the quantizer's parameters that place the grid; others learn as weights do.
   *
   * @param count values that share one entry of a parameter
   */
  readonly parameterRate?: (count: number, range: LevelRange) => number;
}
