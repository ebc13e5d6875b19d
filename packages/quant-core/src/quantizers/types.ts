import type * as tf from '@tensorflow/tfjs';
import type { QuantSpec } from '../quant-spec.js';

/** How a quantizer finds the step of its grid from learned parameters. Pure: state lives in the caller's parameters. */
export interface Quantizer {
  readonly name: string;
  readonly description: string;
  /** Names of the learned parameters; each is a vector of one entry, or one for each channel. */
  readonly params: readonly string[];
  /**
   * Parameters that give the calibrated steps.
   *
   * @param steps calibrated step (> 0) of the tensor, or of each channel
   */
  readonly init: (steps: Float32Array, spec: QuantSpec) => Readonly<Record<string, Float32Array>>;
  /**
   * The step of the grid, differentiable in the parameters.
   *
   * @returns shape `[1]` or `[channels]`, > 0; `null` means 1
   */
  readonly step: (params: Readonly<Record<string, tf.Tensor1D>>, spec: QuantSpec) => tf.Tensor1D | null;
}
