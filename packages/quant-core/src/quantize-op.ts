/**
 * The differentiable operation under every quantizer: from values and a grid to levels, with a surrogate gradient for the values, their scale, the step and
 * the zero point.
 *
 * With `ratio = from / step`: `q = clamp(nearestLevel(x * ratio) + z, qmin, qmax)`, as the scalar truth `quantize` has it, ties before the zero point is added;
 * result `v = q - z`. To the estimator a value is `r = x * ratio + z`. From `dv` and the estimator's `dr`:
 *
 * | input | gradient |
 * | --- | --- |
 * | `x` | `dr * ratio` |
 * | `from` | `sum(dr * x) / step` |
 * | `step` | `residual`: `-sum(dr * x) * ratio / step`; `clip`: `-sum(dr * v) / step` |
 * | `z` | `sum(dr - dv)` |
 *
 * Read as reals, `x^ = v * step` adds `dv * v` to the step's: together `q - x/s` inside and the outermost level outside (LSQ, equation 3), or 0 inside (PACT).
 */
import * as tf from '@tensorflow/tfjs';
import type { LevelRange } from './grids.js';
import type { Quantizer } from './quantizers/types.js';
import type { Ste } from './ste/types.js';

/** Scales and zero point of an operation: shape `[1]` or `[channels]` (the last axis of the values); `null` is 1, 1 and 0. */
export interface Scales {
  readonly from: tf.Tensor1D | null;
  readonly step: tf.Tensor1D | null;
  readonly zeroPoint: tf.Tensor1D | null;
}

/** What does not carry a gradient. */
export interface QuantizeOptions {
  readonly range: LevelRange;
  readonly ste: Ste;
  readonly steOptions: Readonly<Record<string, number>>;
  readonly stepGradient: Quantizer['stepGradient'];
  /** Numbers in [0, 1) of the shape of the values, where rounding is to be random; else it is to the nearest. */
  readonly noise: tf.Tensor | null;
}

/**
 * Names under which a backend may register fused kernels in TF.js; without them the same numbers come from TF.js's own operations.
 *
 * - `forward`: inputs `x`, `ratio` `[1]` or `[channels]`, and `zeroPoint` of the ratio's shape where there is one; attributes `qmin`, `qmax`, `spacing`; output
 *   `v`, of the shape of `x`: `clamp(nearestLevel(x * ratio) + zeroPoint, qmin, qmax) - zeroPoint`, the product in float32
 * - `gradient`: inputs `x`, `dv`, `ratio` and `zeroPoint` as above; attributes those and `surrogate`, `clipped` or `identity`; outputs `dx`, of the shape of
 *   `x`, and `sums`, `[3, entries of ratio]`: `sum(dr * x)`, `sum(dr * v)`, `sum(dr - dv)`
 */
export const fusedKernels = { forward: 'FqsrFakeQuant', gradient: 'FqsrFakeQuantGrad' } as const;

/** Levels of `x`, less the zero point; differentiable in `x` and all scales. */
export function quantizeOp<R extends tf.Rank>(x: tf.Tensor<R>, scales: Scales, options: QuantizeOptions): tf.Tensor<R> {
  const named = Object.entries(scales).filter((entry): entry is [keyof Scales, tf.Tensor1D] => entry[1] !== null);
  const op = tf.customGrad((...args) => {
    const save = args.pop() as tf.GradSaveFunc;
    const [values, ...vectors] = args as tf.Tensor[];
    const given = bind(named, vectors);
    const v = forward(values as tf.Tensor, given, options);
    save([values as tf.Tensor, v, ...vectors]);
    return {
      value: v,
      gradFunc: (dv: tf.Tensor, saved: tf.Tensor[]) => {
        const [savedX, savedV, ...savedVectors] = saved;
        const again = bind(named, savedVectors);
        const { dx, ...sums } = backward(savedX as tf.Tensor, savedV as tf.Tensor, dv, again, options);
        const gradients = scaleGradients(again, sums, options.stepGradient);
        return [dx, ...named.map(([name]) => gradients(name))];
      },
    };
  });
  return op(x, ...named.map(([, vector]) => vector)) as tf.Tensor<R>;
}

function bind(named: readonly (readonly [keyof Scales, tf.Tensor1D])[], vectors: readonly tf.Tensor[]): Scales {
  const bound: { -readonly [Key in keyof Scales]: Scales[Key] } = { from: null, step: null, zeroPoint: null };
  for (const [i, [name]] of named.entries()) bound[name] = vectors[i] as tf.Tensor1D;
  return bound;
}

/** What turns values in one step into values in another: `from / to`. */
export function ratioOf({ from, step }: Pick<Scales, 'from' | 'step'>): tf.Tensor1D | null {
  if (!step) return from;
  return (from ? tf.div(from, step) : tf.reciprocal(step)) as tf.Tensor1D;
}

/** Values in steps, the zero point included. */
function inSteps(x: tf.Tensor, scales: Scales): tf.Tensor {
  const ratio = ratioOf(scales);
  const steps = ratio ? tf.mul(x, ratio) : x;
  return scales.zeroPoint ? tf.add(steps, scales.zeroPoint) : steps;
}

function forward(x: tf.Tensor, scales: Scales, { range, noise }: QuantizeOptions): tf.Tensor {
  if (!noise && isFused(fusedKernels.forward)) {
    return tf.engine().runKernel(fusedKernels.forward, fusedInputs({ x }, scales), { ...range }) as tf.Tensor;
  }
  const { zeroPoint } = scales;
  if (zeroPoint && !noise) {
    const nearest = nearestLevel(inSteps(x, { ...scales, zeroPoint: null }), range);
    return tf.sub(tf.clipByValue(tf.add(nearest, zeroPoint), range.qmin, range.qmax), zeroPoint);
  }
  const r = tf.clipByValue(inSteps(x, scales), range.qmin, range.qmax);
  const level = noise ? randomLevel(r, noise, range) : nearestLevel(r, range);
  return zeroPoint ? tf.sub(level, zeroPoint) : level;
}

/** The nearest levels, not clamped; see `nearestLevel` of the scalar truth. */
function nearestLevel(r: tf.Tensor, { spacing }: LevelRange): tf.Tensor {
  if (spacing === 1) return tf.round(r);
  const half = tf.mul(r, 0.5);
  const floor = tf.floor(half);
  const isTie = tf.sub(1, tf.step(tf.sub(half, floor)));
  const isOdd = tf.sub(floor, tf.mul(tf.floor(tf.mul(floor, 0.5)), 2));
  return tf.sub(tf.add(tf.mul(floor, 2), 1), tf.mul(tf.mul(isTie, isOdd), 2));
}

/** One of the two neighbouring levels, the upper one where the fraction exceeds the noise; levels stay. */
function randomLevel(r: tf.Tensor, noise: tf.Tensor, { spacing, qmin }: LevelRange): tf.Tensor {
  const index = spacing === 1 ? r : tf.mul(tf.sub(r, qmin), 0.5);
  const floor = tf.floor(index);
  const chosen = tf.add(floor, tf.step(tf.sub(tf.sub(index, floor), noise)));
  return spacing === 1 ? chosen : tf.add(tf.mul(chosen, 2), qmin);
}

/** Sums over all values that share one entry of the ratio. */
interface Sums {
  /** `sum(dr * x)` */
  readonly byValue: tf.Tensor1D;
  /** `sum(dr * v)` */
  readonly byLevel: tf.Tensor1D;
  /** `sum(dr - dv)` */
  readonly byZero: tf.Tensor1D;
}

function backward(
  x: tf.Tensor,
  v: tf.Tensor,
  dv: tf.Tensor,
  scales: Scales,
  { range, ste, steOptions }: QuantizeOptions,
): Sums & { readonly dx: tf.Tensor } {
  if (ste.kernel && isFused(fusedKernels.gradient)) {
    const [dx, sums] = tf.engine().runKernel(fusedKernels.gradient, fusedInputs({ x, dv }, scales), {
      ...range,
      surrogate: ste.kernel,
    }) as unknown[] as tf.Tensor[];
    const [byValue, byLevel, byZero] = tf.unstack(sums as tf.Tensor2D) as tf.Tensor1D[];
    return { dx, byValue, byLevel, byZero } as Sums & { readonly dx: tf.Tensor };
  }
  const level = scales.zeroPoint ? tf.add(v, scales.zeroPoint) : v;
  const dr = ste.gradient(dv, inSteps(x, scales), { range, options: steOptions, level });
  const ratio = ratioOf(scales);
  const entries = Math.max(ratio?.size ?? 1, scales.zeroPoint?.size ?? 1);
  return {
    dx: ratio ? tf.mul(dr, ratio) : dr,
    byValue: sumTo(tf.mul(dr, x), entries),
    byLevel: sumTo(tf.mul(dr, v), entries),
    byZero: sumTo(tf.sub(dr, dv), entries),
  };
}

function isFused(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined && tf.getKernel(name, tf.getBackend()) !== null;
}

function fusedInputs(inputs: tf.NamedTensorMap, scales: Scales): tf.NamedTensorMap {
  const ratio = ratioOf(scales) ?? tf.ones([1]);
  const { zeroPoint } = scales;
  if (!zeroPoint) return { ...inputs, ratio };
  const entries = Math.max(ratio.size, zeroPoint.size);
  const spread = (t: tf.Tensor) => (t.size === entries ? t : tf.tile(t, [entries]));
  return { ...inputs, ratio: spread(ratio), zeroPoint: spread(zeroPoint) };
}

/** The gradient of each scale, by name. */
function scaleGradients(scales: Scales, sums: Sums, stepGradient: QuantizeOptions['stepGradient']) {
  const gradients = {
    from: ({ step }: Scales) => (step ? tf.div(sums.byValue, step) : sums.byValue),
    step: ({ step }: Scales) => {
      const steps = step as tf.Tensor1D;
      const inside = stepGradient === 'clip' ? sums.byLevel : tf.mul(sums.byValue, ratioOf(scales) as tf.Tensor1D);
      return tf.neg(tf.div(inside, steps));
    },
    zeroPoint: () => sums.byZero,
  } satisfies Record<keyof Scales, (scales: Scales) => tf.Tensor>;
  return (name: keyof Scales): tf.Tensor => sumTo(gradients[name](scales), (scales[name] as tf.Tensor1D).size);
}

/** Sums of a tensor by its last axis, or of all of it. */
function sumTo(t: tf.Tensor, entries: number): tf.Tensor1D {
  if (t.rank === 1 && t.size === entries) return t as tf.Tensor1D;
  if (entries === 1) return tf.reshape(tf.sum(t), [1]);
  const axes = Array.from({ length: t.rank - 1 }, (_, axis) => axis);
  return tf.sum(t, axes) as tf.Tensor1D;
}
