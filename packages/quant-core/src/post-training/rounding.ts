/**
 * Learned rounding (AdaRound: Nagel et al., ICML 2020): each weight goes to the level below or above it, whichever serves the layer's output.
 */
import * as tf from '@tensorflow/tfjs';
import { QuantError } from '../error.js';
import { type LevelRange, levelCount, levelRange } from '../grids.js';
import type { QuantSpec } from '../quant-spec.js';
import { clamp } from '../round.js';
import { quantize } from '../scalar.js';
import type { Scaled } from '../scaled.js';

/** Stretch of the rectified sigmoid: it reaches 0 and 1, and has a gradient near them. */
const [ZETA, GAMMA] = [1.1, -0.1];

/** Weights whose rounding is to be learned, on a fixed grid. */
export interface Roundable {
  /** Real weights, output channels last. */
  readonly weights: Float32Array;
  readonly shape: readonly number[];
  readonly spec: QuantSpec;
  /** Steps, > 0: one, or one for each output channel. */
  readonly steps: Float32Array;
  /** Levels that stand for 0, as many as steps; all 0 when left out. */
  readonly zeroPoints?: Float32Array;
}

/** Integers of a {@link Roundable}. */
export interface Rounded {
  /** Levels `q` of the grid, in the layout of the weights. */
  readonly levels: Float32Array;
  /** What they stand for: `(q - z) * s`. A quantizer with these steps rounds them to these levels. */
  readonly weights: Float32Array;
}

/** Every weight at its nearest level. @throws QuantError when the shape or the steps do not fit the weights */
export function roundNearest(roundable: Roundable): Rounded {
  checkRoundable(roundable);
  const range = levelRange(roundable.spec);
  return rounded(roundable, (weight, step, zero) => quantize(weight, step, zero, range));
}

/** Weights between two levels each: `h = 0` is the one below, `h = 1` the one above. */
export interface SoftRounding {
  /** Starting values of `V`, with which every weight keeps its real value: `h(V)` is its distance from the level below, in levels. */
  readonly start: Float32Array;
  /** Levels less zero points, and their steps, differentiable in `V`: `clamp(floor(r) + h(V), 0, n - 1)` in codes. Belongs to the caller. */
  readonly soften: (v: tf.Tensor) => Scaled;
  /** Each weight at the side that `h(V)` is nearer to. */
  readonly harden: (v: Float32Array) => Rounded;
  readonly dispose: () => void;
}

/**
 * A {@link SoftRounding} of weights. It owns three tensors until disposed.
 *
 * @throws QuantError when the shape or the steps do not fit the weights
 */
export function softRounding(roundable: Roundable): SoftRounding {
  checkRoundable(roundable);
  const { spec, shape } = roundable;
  const range = levelRange(spec);
  const top = levelCount(range) - 1;
  const codes = perWeight(roundable, (weight, step, zero) => codeOf(weight / step + zero, range));
  const below = Float32Array.from(codes, (code) => Math.floor(clamp(code, -1, top + 1)));
  const base = tf.tensor(below, [...shape], 'float32');
  const step = tf.tensor1d(roundable.steps);
  const zeros = roundable.zeroPoints ?? new Float32Array(roundable.steps.length);
  const offset = tf.tensor1d(zeros.map((zero) => range.qmin - zero));
  return {
    start: Float32Array.from(codes, (code, i) => inverseSigmoid(clamp(code, -1, top + 1) - (below[i] as number))),
    soften: (v) => {
      const code = tf.clipByValue(tf.add(base, rectified(v)), 0, top);
      return { value: tf.add(tf.mul(code, range.spacing), offset), scale: step };
    },
    harden: (v) => {
      const chosen = below.map((code, i) => clamp(code + (rectifiedAt(v[i] as number) >= 0.5 ? 1 : 0), 0, top));
      return rounded(roundable, (_weight, _step, _zero, i) => range.qmin + (chosen[i] as number) * range.spacing);
    },
    dispose: () => tf.dispose([base, step, offset]),
  };
}

/** `h(V) = clip(sigmoid(V) * (zeta - gamma) + gamma, 0, 1)` with zeta = 1.1, gamma = -0.1. */
export function rectified(v: tf.Tensor): tf.Tensor {
  return tf.clipByValue(tf.add(tf.mul(tf.sigmoid(v), ZETA - GAMMA), GAMMA), 0, 1);
}

/** What draws `h` to 0 or 1: `sum(1 - |2 h(V) - 1|^beta)`. */
export function undecided(v: tf.Tensor, beta: number): tf.Scalar {
  return tf.sum(tf.sub(1, tf.pow(tf.abs(tf.sub(tf.mul(rectified(v), 2), 1)), beta)));
}

function rectifiedAt(v: number): number {
  return clamp((ZETA - GAMMA) / (1 + Math.exp(-v)) + GAMMA, 0, 1);
}

function inverseSigmoid(h: number): number {
  return -Math.log((ZETA - GAMMA) / (h - GAMMA) - 1);
}

/** A value in steps as a code: an index of a level, with a fraction. */
function codeOf(r: number, { qmin, spacing }: LevelRange): number {
  return (r - qmin) / spacing;
}

function checkRoundable({ weights, shape, steps, zeroPoints = steps }: Roundable): void {
  const size = shape.reduce((a, b) => a * b, 1);
  if (size !== weights.length) {
    const got = `${weights.length} weights of shape ${shape.join('x')}`;
    throw new QuantError('reconstruct', `weights must fill their shape, got ${got}`, 'correct the shape');
  }
  const entries = steps.length === 1 ? 1 : (shape.at(-1) as number);
  const areSteps = steps.length === entries && steps.every((step) => step > 0 && Number.isFinite(step));
  if (!areSteps || zeroPoints.length !== entries) {
    const got = `${steps.length} steps from ${Math.min(...steps)} and ${zeroPoints.length} zero points`;
    throw new QuantError(
      'reconstruct',
      `steps must be positive, one or one for each output channel, got ${got}`,
      'calibrate',
    );
  }
}

type PerWeight = (weight: number, step: number, zero: number, i: number) => number;

function perWeight({ weights, steps, zeroPoints }: Roundable, of: PerWeight): Float64Array {
  const entries = steps.length;
  return Float64Array.from(weights, (weight, i) =>
    of(weight, steps[i % entries] as number, zeroPoints?.[i % entries] ?? 0, i),
  );
}

function rounded(roundable: Roundable, levelOf: PerWeight): Rounded {
  const levels = Float32Array.from(perWeight(roundable, levelOf));
  const { steps, zeroPoints } = roundable;
  const weights = levels.map(
    (q, i) => (q - (zeroPoints?.[i % steps.length] ?? 0)) * (steps[i % steps.length] as number),
  );
  return { levels, weights };
}
