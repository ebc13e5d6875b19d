/**
 * Fake quantization: from a real tensor to levels and their grid, differentiable, composed of a quantizer (where the grid lies) and a straight-through
 * estimator (the gradient of the rounding).
 */
import * as tf from '@tensorflow/tfjs';
import { checkSpec, steOptionsOf } from './check-spec.js';
import { QuantError } from './error.js';
import { levelRange } from './grids.js';
import type { QuantSpec } from './quant-spec.js';
import { quantizeOp, ratioOf } from './quantize-op.js';
import { quantizerByName } from './quantizers/registry.js';
import type { Grid, QuantizerParams } from './quantizers/types.js';
import { clamp } from './round.js';
import { real, type Scaled } from './scaled.js';
import { steByName } from './ste/registry.js';

/**
 * The grid of a tensor, differentiable in the quantizer's parameters.
 *
 * @param params the quantizer's parameters by name, each `[1]` or `[channels]`
 * @param x the tensor to be quantized; tensors that share a grid share the result for one of them
 * @throws QuantError for an unknown quantizer or estimator, or a spec that they refuse
 */
export function gridOf(params: QuantizerParams, spec: QuantSpec, x: Scaled): Grid {
  checkSpec(spec);
  const { parameterRate } = steByName(spec.ste);
  if (!parameterRate) return quantizerByName(spec.quantizer).grid(params, spec, x);
  const range = levelRange(spec);
  const quantizer = quantizerByName(spec.quantizer);
  const rated = Object.entries(params).map(([name, param]) => {
    if (quantizer.params[name] === 'channel') return [name, param] as const;
    return [name, scaleGradient(param, parameterRate(x.value.size / param.size, range))] as const;
  });
  return quantizer.grid(Object.fromEntries(rated), spec, x);
}

/** The same values; their gradient times `rate`. */
function scaleGradient(param: tf.Tensor1D, rate: number): tf.Tensor1D {
  const op = tf.customGrad((t) => ({
    value: tf.clone(t as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.mul(dy, rate),
  }));
  return op(param) as tf.Tensor1D;
}

/**
 * Quantizes `x` to a grid of step `s` and zero point `z`: `q = clamp(nearestLevel(x / s) + z, qmin, qmax)`, result `v = q - z`; the real result is `v * s`.
 *
 * One multiplication serves both scales: `r = x.value * (x.scale / s)`, the float twin of integer requantization. Gradients reach `x` through the
 * estimator, and the step and the zero point through the ratio and through whatever later multiplies by `scale`; together they are the quantizer's own.
 *
 * Infinities become the outermost levels, and may make the gradient of the step NaN; subnormal numbers count as they are or as 0. NaN stays NaN, or becomes a
 * level where a device's kernels have none for it; the gradient of the step is NaN then.
 *
 * @param x real tensor as `value * scale`; per-channel scales belong to its last axis
 * @param grid from {@link gridOf}
 * @param seed for estimators that round at random; `nearest` makes them round to the nearest level, as in inference
 * @returns integers in `value` and what one is worth in `scale`; the caller disposes (wrap in `tf.tidy`)
 * @throws QuantError for an unknown estimator, or when it needs a seed and gets none
 *
 * @example
 * const spec = makeSpec({ bits: 4 });
 * const x = scaled(tf.tensor1d([0.24, -9]));
 * fakeQuant(x, gridOf({ logStep: tf.tensor1d([Math.log(0.1)]) }, spec, x), spec).value.dataSync(); // [2, -8], steps of 0.1
 */
export function fakeQuant<R extends tf.Rank>(
  x: Scaled<R>,
  grid: Grid,
  spec: QuantSpec,
  seed?: number | 'nearest',
): Scaled<R> {
  const ste = steByName(spec.ste);
  const isRandom = ste.rounding === 'stochastic';
  if (isRandom && seed === undefined) {
    throw new QuantError(
      'fakeQuant',
      `seed must be given for the estimator ${ste.name}, got none`,
      'pass a number, or nearest',
    );
  }
  const { value, scale } = prepared(x, grid);
  const levels = quantizeOp(
    value,
    { from: scale, step: grid.step, zeroPoint: grid.zeroPoint },
    {
      range: levelRange(spec),
      ste,
      steOptions: steOptionsOf(spec),
      stepGradient: quantizerByName(spec.quantizer).stepGradient,
      noise: isRandom && seed !== 'nearest' ? tf.randomUniform(value.shape, 0, 1, 'float32', seed) : null,
    },
  );
  return { value: levels, scale: grid.scale ?? grid.step };
}

/**
 * Quantizes as integer requantization does, with the very ratio of {@link fakeQuant}, but with the product in float64, on the host, and ties going up:
 * `v = clamp(floor(x.value * ratio + 1/2) + z, qmin, qmax) - z`, or on mid-rise grids `clamp(2 * floor(x.value * ratio / 2) + 1, qmin, qmax)`. Not
 * differentiable; estimators that round at random round to the nearest here.
 *
 * {@link fakeQuant} rounds the product to float32 first. Where the exact product lies within half a unit in the last place of a tie, that lands
 * on the tie, and the level may be one off (7 of a million 8-bit levels in one W4A4S8 network); later layers carry such a step further. Here the
 * product of an integer below `2^24` and a float32 ratio is exact, so levels equal those of the integer network.
 *
 * @param slope of a PReLU in front, `[1]` or `[channels]`: values below zero take `ratio * slope`, rounded to float32, in place of the ratio
 * @returns integers in `value` and what one is worth in `scale`; the caller disposes
 */
export function quantizeExact<R extends tf.Rank>(
  x: Scaled<R>,
  grid: Grid,
  spec: QuantSpec,
  slope: tf.Tensor1D | null = null,
): Scaled<R> {
  const { value, scale } = prepared(x, grid);
  const ratio = ratioOf({ from: scale, step: grid.step }) ?? tf.ones([1]);
  const ratios = ratio.dataSync();
  const below = slope ? tf.mul(ratio, slope).dataSync() : ratios;
  const zeros = grid.zeroPoint?.dataSync() ?? Float32Array.of(0);
  const { qmin, qmax, spacing } = levelRange(spec);
  const values = value.dataSync();
  const levels = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const acc = values[i] as number;
    const factors = acc < 0 ? below : ratios;
    const r = acc * (factors[factors.length > 1 ? i % factors.length : 0] as number);
    const zero = zeros[zeros.length > 1 ? i % zeros.length : 0] as number;
    const level = spacing === 1 ? Math.floor(r + 0.5) + zero : 2 * Math.floor(r / 2) + 1;
    levels[i] = clamp(level, qmin, qmax) - zero;
  }
  return { value: tf.tensor(levels, value.shape, 'float32') as tf.Tensor<R>, scale: grid.scale ?? grid.step };
}

function prepared<R extends tf.Rank>(x: Scaled<R>, { prepare }: Grid): Scaled<R> {
  return (prepare ? prepare(x) : x) as Scaled<R>;
}

/**
 * The quantization-aware loss of one tensor: `mean |x - Q(x)|`, in the tensor's own units, not detached (FQSR, section "quantization-aware loss").
 * Inside the range the estimator cancels its gradient to `x`: it acts on the step and on clipped values.
 */
export function quantizationError(x: Scaled, quantized: Scaled): tf.Scalar {
  return tf.mean(tf.abs(tf.sub(real(x), real(quantized))));
}
