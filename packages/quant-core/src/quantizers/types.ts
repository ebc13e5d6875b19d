import type * as tf from '@tensorflow/tfjs';
import type { QuantSpec } from '../quant-spec.js';
import type { Scaled } from '../scaled.js';

/** Where the levels of a tensor lie on the real line: `x = (q - zeroPoint) * step`. Tensors that share a grid share this very object. */
export interface Grid {
  /** Shape `[1]` or `[channels]` (the last axis), > 0; `null` means 1. On mid-rise grids half the distance between neighbours. */
  readonly step: tf.Tensor1D | null;
  /** The level that stands for 0, an integer: shape `[1]` or `[channels]`; `null` means 0. */
  readonly zeroPoint: tf.Tensor1D | null;
  /** What a level is worth when it is read, where that is not the step it was rounded by: `x = q * scale`. */
  readonly scale?: tf.Tensor1D;
  /** What is done to the tensor before it is rounded. */
  readonly prepare?: (x: Scaled) => Scaled;
}

/** A calibrated grid, as numbers: one entry for the tensor, or one for each channel. */
export interface GridFit {
  /** Steps, > 0. */
  readonly steps: Float32Array;
  /** Levels that stand for 0; all 0 where the spec is not affine. */
  readonly zeroPoints: Float32Array;
}

/** The values of a quantizer's parameters. */
export type QuantizerParams = Readonly<Record<string, tf.Tensor1D>>;

/** How a quantizer finds the grid of a tensor. Pure: state lives in the caller's parameters. */
export interface Quantizer {
  readonly name: string;
  readonly description: string;
  /** The step `s`, and the zero point `z` where there is one, as a formula of the parameters, for people. */
  readonly formula: string;
  /**
   * Its parameters by name. `grid`: one entry, or one for each channel where the spec is per channel; `channel`: one for each channel, always.
   */
  readonly params: Readonly<Record<string, 'grid' | 'channel'>>;
  /** Why it cannot serve a spec, as the end of "spec must ...", or `null` where it can. */
  readonly refuses: (spec: QuantSpec) => string | null;
  /**
   * Parameters that give the calibrated grid.
   *
   * @param channels entries of parameters of shape `channel`
   */
  readonly init: (fit: GridFit, spec: QuantSpec, channels: number) => Readonly<Record<string, Float32Array>>;
  /**
   * The grid, differentiable in the parameters.
   *
   * @param x the tensor to be quantized; only quantizers that are `dynamic` look at its values
   */
  readonly grid: (params: QuantizerParams, spec: QuantSpec, x: Scaled) => Grid;
  /**
   * What the gradient of the step sees inside the grid: `residual`: rounding counts, `dx^/ds = q - x/s` (LSQ); `clip`: it does not, `dx^/ds = 0` (PACT).
   */
  readonly stepGradient: 'residual' | 'clip';
  /** Whether the levels depend on statistics of the tensor itself: for weights, which are known before inference, never for feature maps. */
  readonly dynamic?: (spec: QuantSpec) => boolean;
}
