import type * as tf from '@tensorflow/tfjs';

/** Constants of an optimizer. */
export interface OptimizerOptions {
  /** Decay of the first moment. */
  readonly beta1: number;
  /** Decay of the second moment. */
  readonly beta2: number;
  readonly epsilon: number;
  /** Share of each convolution weight that a step at learning rate 1 would take away; biases, norms, slopes and quantizers keep theirs. */
  readonly weightDecay: number;
}

/** What one step is given. All vectors are flat and of one length. */
export interface OptimizerStep {
  readonly theta: tf.Tensor1D;
  readonly gradient: tf.Tensor1D;
  /** What the optimizer remembers, in the order of its slots. */
  readonly slots: readonly tf.Tensor1D[];
  /** Steps taken, with this one: 1 at the first. */
  readonly step: number;
  readonly learningRate: number;
  /** Learning rate of each parameter relative to `learningRate`, or `null` for 1. */
  readonly rates: tf.Tensor1D | null;
  /** 1 where weight decay applies, 0 elsewhere, or `null` for 1 everywhere. */
  readonly decayed: tf.Tensor1D | null;
}

/** An optimizer: a pure rule from parameters, gradient and memory to new ones. */
export interface OptimizerRule {
  readonly name: string;
  readonly description: string;
  /** Names of the vectors that it remembers; they start at 0. */
  readonly slots: readonly string[];
  /** The new parameters and slots; the caller disposes. */
  readonly next: (
    step: OptimizerStep,
    options: OptimizerOptions,
  ) => { readonly theta: tf.Tensor1D; readonly slots: readonly tf.Tensor1D[] };
}
