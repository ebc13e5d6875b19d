/**
 * Fake quantization: one differentiable operation from a real tensor to levels and a step, composed of a quantizer (the step) and a
 * straight-through estimator (the rounding).
 */
import * as tf from '@tensorflow/tfjs';
import { levelRange } from './grids.js';
import type { QuantSpec } from './quant-spec.js';
import { quantizerByName } from './quantizers/registry.js';
import { clamp } from './round.js';
import { real, type Scaled } from './scaled.js';
import { steByName } from './ste/registry.js';

/** Levels with their step, and the tensor they were rounded from. */
export interface Quantized<R extends tf.Rank = tf.Rank> extends Scaled<R> {
  /** The input divided by the step, before clamp and rounding. */
  readonly unrounded: tf.Tensor<R>;
}

/**
 * The step of a tensor's grid, differentiable in the quantizer's parameters.
 *
 * @param params the quantizer's parameters by name, each `[1]` or `[channels]`
 * @returns `[1]` or `[channels]`, > 0; `null` means 1
 * @throws QuantError for an unknown quantizer
 */
export function stepOf(params: Readonly<Record<string, tf.Tensor1D>>, spec: QuantSpec): tf.Tensor1D | null {
  return quantizerByName(spec.quantizer).step(params, spec);
}

/**
 * Quantizes `x` to the grid of `spec` with step `s`: `r = x / s`, `q = ste(r)`; the real result is `q * s`.
 *
 * One multiplication serves both scales: `r = x.value * (x.scale / s)`, the float twin of integer requantization. Gradients reach `x` through the
 * estimator and the step through the ratio and through whatever later multiplies by `scale`; together they are the quantizer's own.
 *
 * Infinities become the outermost levels. NaN stays NaN on TF.js's cpu backend and becomes the lowest level on WASM, whose clamp drops it; its
 * gradients are NaN on both.
 *
 * @param x real tensor as `value * scale`; per-channel scales belong to its last axis
 * @param step from {@link stepOf}; tensors that share a grid share the step
 * @returns integer levels in `value` and the step in `scale`; the caller disposes (wrap in `tf.tidy`)
 * @throws QuantError for an unknown STE
 *
 * @example
 * const q = fakeQuant({ value: tf.tensor1d([0.24, -9]), scale: null }, tf.tensor1d([0.1]), makeSpec({ bits: 4 }));
 * q.value.dataSync(); // [2, -8], steps of 0.1
 */
export function fakeQuant<R extends tf.Rank>(x: Scaled<R>, step: tf.Tensor1D | null, spec: QuantSpec): Quantized<R> {
  const unrounded = real({ value: x.value, scale: ratioOf(x.scale, step) });
  const value = steByName(spec.ste).round(unrounded, levelRange(spec)) as tf.Tensor<R>;
  return { value, scale: step, unrounded };
}

/**
 * Quantizes as integer requantization does: `q = clamp(floor(x.value * ratio + 1/2), qmin, qmax)` with the very ratio of {@link fakeQuant}, but with
 * the product in float64, on the host. Not differentiable.
 *
 * {@link fakeQuant} rounds the product to float32 first. Where the exact product lies within half a unit in the last place of a tie, that lands
 * on the tie, and the level may be one off (7 of a million 8-bit levels in one W4A4S8 network); later layers carry such a step further. Here the
 * product of an integer below `2^24` and a float32 ratio is exact, so levels equal those of the integer network.
 *
 * @returns integer levels in `value` and the step in `scale`; the caller disposes
 */
export function quantizeExact<R extends tf.Rank>(x: Scaled<R>, step: tf.Tensor1D | null, spec: QuantSpec): Scaled<R> {
  const ratios = ratioOf(x.scale, step)?.dataSync() ?? Float32Array.of(1);
  const { qmin, qmax } = levelRange(spec);
  const values = x.value.dataSync();
  const levels = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const ratio = ratios[ratios.length > 1 ? i % ratios.length : 0] as number;
    levels[i] = clamp(Math.floor((values[i] as number) * ratio + 0.5), qmin, qmax);
  }
  return { value: tf.tensor(levels, x.value.shape, 'float32') as tf.Tensor<R>, scale: step };
}

/** What turns values in one step into values in another: `from / to`. */
function ratioOf(from: tf.Tensor1D | null, to: tf.Tensor1D | null): tf.Tensor1D | null {
  if (!to) return from;
  return (from ? tf.div(from, to) : tf.reciprocal(to)) as tf.Tensor1D;
}

/**
 * The quantization-aware loss of one tensor: `mean |x - Q(x)|`, in the tensor's own units, not detached (FQSR, section "quantization-aware loss").
 * Inside the range the estimator cancels its gradient to `x`: it acts on the step and on clipped values.
 */
export function quantizationError({ value, scale, unrounded }: Quantized): tf.Scalar {
  const error = tf.mean(tf.abs(tf.sub(unrounded, value)));
  // A per-channel step weighs each channel by the mean step: one pass, and equal for per-tensor steps.
  return (scale ? tf.mul(error, tf.mean(scale)) : error) as tf.Scalar;
}

/**
 * Rounds to integers with the gradient of the identity: for biases, which are int32 and never clamp.
 *
 * @returns `roundHalfEven(x)`; `d/dx = 1`
 */
export function roundThrough<T extends tf.Tensor>(x: T): T {
  const op = tf.customGrad((t) => ({ value: tf.round(t as tf.Tensor), gradFunc: (dy: tf.Tensor) => dy }));
  return op(x) as T;
}
