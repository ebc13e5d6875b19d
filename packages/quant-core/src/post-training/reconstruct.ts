/**
 * Block reconstruction: learns the rounding of a block's weights, and if asked its activation steps, so that the quantized block gives the float block's outputs on
 * calibration inputs. One layer is AdaRound (Nagel et al., ICML 2020); several are BRECQ (Li et al., ICLR 2021); with a share of the activations left
 * unquantized at random, QDrop (Wei et al., ICLR 2022).
 */
import * as tf from '@tensorflow/tfjs';
import { QuantError } from '../error.js';
import type { Scaled } from '../scaled.js';
import { seededRandom } from './random.js';
import { drawBatch, mix, type ReconstructionData, slice } from './reconstruction-data.js';
import { type Roundable, type Rounded, roundNearest, type SoftRounding, softRounding, undecided } from './rounding.js';

/** What a block computes with. All tensors belong to the reconstruction. */
export interface BlockParts {
  /** Quantized weights by name, integers (or values between, while they are learned) and their steps. */
  readonly weights: Readonly<Record<string, Scaled>>;
  /** Learned parameters by name, for example those of the block's activation quantizers. */
  readonly learned: Readonly<Record<string, tf.Tensor1D>>;
  /**
   * Takes each value of an activation quantized or as it was (QDrop): `quantized` with probability `quantizedShare` while the block learns, always
   * `quantized` when it is measured.
   */
  readonly drop: <R extends tf.Rank>(x: tf.Tensor<R>, quantized: tf.Tensor<R>) => tf.Tensor<R>;
}

/** A block: a differentiable function of its weights and inputs. */
export type Block = (parts: BlockParts, inputs: readonly tf.Tensor[]) => tf.Tensor;

/** How to learn. */
export interface ReconstructionOptions {
  /** Optimizer steps. */
  readonly iterations: number;
  /** Samples in a step, drawn with the seed. */
  readonly batchSize: number;
  /** Adam's learning rate of the rounding variables. */
  readonly roundingRate: number;
  /** Adam's learning rate of the learned parameters. */
  readonly learnedRate: number;
  /** Weight of the term that decides: AdaRound's lambda, for a reconstruction error of 1 at nearest rounding. */
  readonly regularization: number;
  /** Exponent of that term at the end of the warm-up and at the end. */
  readonly beta: readonly [number, number];
  /** Share of the iterations without that term. */
  readonly warmup: number;
  /** Probability with which `drop` keeps the quantized value: 1 never drops, QDrop takes 0.5. */
  readonly quantizedShare: number;
  readonly seed: number;
  /** Sees every iteration, with the error of its batch relative to nearest rounding on all data. */
  readonly onProgress?: (iteration: number, error: number) => void;
}

/**
 * AdaRound's exponents and warm-up. The papers take 10,000 to 20,000 iterations at a rate of 1e-3 to 1e-2; these few at 0.1 have most of the gain on layers of 64 x 64 x 3 x 3
 * weights (see the table in `docs/post-training.md`).
 */
export const reconstructionDefaults: ReconstructionOptions = {
  iterations: 500,
  batchSize: 8,
  roundingRate: 0.1,
  learnedRate: 1e-3,
  regularization: 0.1,
  beta: [20, 2],
  warmup: 0.2,
  quantizedShare: 1,
  seed: 0,
};

/** What was learned. */
export interface Reconstruction {
  /** The rounded weights by name. */
  readonly weights: Readonly<Record<string, Rounded>>;
  /** The learned parameters by name. */
  readonly learned: Readonly<Record<string, Float32Array>>;
  /** Mean over samples and positions of the squared error, summed over channels, on all data: with every weight at its nearest level, and now. */
  readonly error: { readonly nearest: number; readonly learned: number };
}

/**
 * Learns the rounding of a block.
 *
 * Minimises `E / E0 + lambda * sum(1 - |2 h(V) - 1|^beta)`: `E` is the mean over a batch of the squared error of the outputs, summed over channels; `E0` that of nearest
 * rounding over all data, so that lambda means the same for every block; `h` the rectified sigmoid of `softRounding`. `beta` falls linearly.
 * At the end every weight goes to the side that `h` is nearer to.
 *
 * The same arguments give the same bits on the same backend. All tensors that it makes are disposed, also when `block` throws.
 *
 * @param weights weights by name, as the block knows them; their steps stay
 * @param learned starting values of learned parameters by name; none: `{}`
 * @throws QuantError when there is nothing to learn from, or the error is not finite
 *
 * @example
 * const block: Block = ({ weights }, [x]) => tf.conv2d(x as tf.Tensor4D, real(weights['conv'] as Scaled<tf.Rank.R4>), 1, 'same');
 * const { weights } = reconstruct(block, { conv: { weights: w, shape: [3, 3, 64, 64], spec, steps } }, {}, { inputs: [x], targets: y });
 * weights['conv']?.levels; // integers
 */
export function reconstruct(
  block: Block,
  weights: Readonly<Record<string, Roundable>>,
  learned: Readonly<Record<string, Float32Array>>,
  data: ReconstructionData,
  options: Partial<ReconstructionOptions> = {},
): Reconstruction {
  const settings = { ...reconstructionDefaults, ...options };
  check(data, settings);
  const owned: { dispose: () => void }[] = [];
  try {
    const roundings = mapValues(weights, (roundable, name) => {
      const soft = softRounding(roundable);
      const v = tf.tidy(() => tf.variable(tf.tensor(soft.start, [...roundable.shape])));
      owned.push(soft, v);
      return { soft, v, name };
    });
    const variables = mapValues(learned, (values) => {
      const variable = tf.tidy(() => tf.variable(tf.tensor1d(values)));
      owned.push(variable);
      return variable;
    });
    const nearest = mapValues(weights, roundNearest);
    const before = errorOver(block, weights, nearest, variables, data, settings.batchSize);
    if (!Number.isFinite(before)) throw diverged('error of nearest rounding', before);
    learn(block, { roundings, variables, owned }, data, before, settings);
    const rounded = mapValues(roundings, ({ soft, v }) => soft.harden(v.dataSync() as Float32Array));
    const after = errorOver(block, weights, rounded, variables, data, settings.batchSize);
    const values = mapValues(variables, (variable) => Float32Array.from(variable.dataSync()));
    return { weights: rounded, learned: values, error: { nearest: before, learned: after } };
  } finally {
    for (const thing of owned) thing.dispose();
  }
}

interface Learning {
  readonly roundings: Readonly<Record<string, { readonly soft: SoftRounding; readonly v: tf.Variable }>>;
  readonly variables: Readonly<Record<string, tf.Variable>>;
  readonly owned: { dispose: () => void }[];
}

function learn(
  block: Block,
  { roundings, variables, owned }: Learning,
  data: ReconstructionData,
  before: number,
  settings: ReconstructionOptions,
): void {
  const random = seededRandom(settings.seed);
  const vs = Object.values(roundings).map(({ v }) => v);
  const parameters = Object.values(variables);
  const groups = [
    { list: vs, optimizer: tf.train.adam(settings.roundingRate) },
    { list: parameters, optimizer: tf.train.adam(settings.learnedRate) },
  ];
  owned.push(...groups.map(({ optimizer }) => optimizer));
  const relative = before > 0 ? 1 / before : 1;
  for (let iteration = 0; iteration < settings.iterations; iteration++) {
    let error = Number.NaN;
    tf.tidy(() => {
      const { inputs, targets } = drawBatch(data, settings, random);
      const beta = betaAt(iteration, settings);
      const drop: BlockParts['drop'] = (x, quantized) => mix(x, quantized, settings.quantizedShare, random);
      const { grads } = gradientsOf([...vs, ...parameters], () => {
        const parts = { weights: mapValues(roundings, ({ soft, v }) => soft.soften(v)), learned: variables, drop };
        const own = tf.mul(errorOf(block(parts as BlockParts, inputs), targets), relative);
        error = own.dataSync()[0] as number;
        if (beta === null) return own as tf.Scalar;
        return vs.reduce(
          (sum, v) => tf.add(sum, tf.mul(undecided(v, beta), settings.regularization)),
          own,
        ) as tf.Scalar;
      });
      if (!Number.isFinite(error)) throw diverged(`error at iteration ${iteration}`, error);
      for (const { list, optimizer } of groups) {
        const own = list.map(({ name }) => ({ name, tensor: grads[name] as tf.Tensor }));
        if (own.length > 0) optimizer.applyGradients(own);
      }
    });
    settings.onProgress?.(iteration, error);
  }
}

/**
 * `tf.variableGrads`, which would leave the tensors that it saved behind when `objective` throws: it gets a harmless value instead, and the error is thrown after.
 */
function gradientsOf(variables: tf.Variable[], objective: () => tf.Scalar): { readonly grads: tf.NamedTensorMap } {
  let failure: { readonly cause: unknown } | null = null;
  const { grads } = tf.variableGrads(() => {
    try {
      return objective();
    } catch (cause) {
      failure = { cause };
      return tf.addN(variables.map((variable) => tf.sum(variable))) as tf.Scalar;
    }
  }, variables);
  if (failure) throw (failure as { readonly cause: unknown }).cause;
  return { grads };
}

/** The exponent of an iteration, or `null` during the warm-up. */
function betaAt(iteration: number, { iterations, warmup, beta: [first, last] }: ReconstructionOptions): number | null {
  const start = warmup * iterations;
  if (iteration < start) return null;
  return last + (first - last) * (1 - (iteration - start) / (iterations - start));
}

/** Mean over samples and positions of the squared error, summed over channels. */
function errorOf(outputs: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  return tf.mean(tf.sum(tf.squaredDifference(outputs, targets), -1));
}

function errorOver(
  block: Block,
  roundables: Readonly<Record<string, Roundable>>,
  rounded: Readonly<Record<string, Rounded>>,
  learned: Readonly<Record<string, tf.Tensor>>,
  { inputs, targets }: ReconstructionData,
  batchSize: number,
): number {
  const samples = targets.shape[0] as number;
  let sum = 0;
  for (let from = 0; from < samples; from += batchSize) {
    const count = Math.min(batchSize, samples - from);
    sum += tf.tidy(() => {
      const weights = mapValues(rounded, (own, name) => scaledOf(own, roundables[name] as Roundable));
      const parts = { weights, learned, drop: <T>(_x: T, quantized: T) => quantized };
      const rows = inputs.map((input) => slice(input, from, count));
      return (errorOf(block(parts as BlockParts, rows), slice(targets, from, count)).dataSync()[0] as number) * count;
    });
  }
  return sum / samples;
}

function scaledOf({ levels }: Rounded, { shape, steps, zeroPoints }: Roundable): Scaled {
  const integers = zeroPoints ? levels.map((q, i) => q - (zeroPoints[i % zeroPoints.length] as number)) : levels;
  return { value: tf.tensor(integers, [...shape], 'float32'), scale: tf.tensor1d(steps) };
}

function check({ inputs, floatInputs, targets }: ReconstructionData, settings: ReconstructionOptions): void {
  const samples = targets.shape[0] as number;
  const wrong = [...inputs, ...(floatInputs ?? [])].find(({ shape }) => shape[0] !== samples);
  if (wrong || samples === 0) {
    const got = `${wrong?.shape[0] ?? 0} inputs for ${samples} targets`;
    throw new QuantError(
      'reconstruct',
      `data must have as many inputs as targets, at least 1, got ${got}`,
      'pair them',
    );
  }
  const rules: readonly (readonly [keyof ReconstructionOptions, boolean, string])[] = [
    ['iterations', Number.isInteger(settings.iterations) && settings.iterations >= 0, 'a whole number >= 0'],
    ['batchSize', Number.isInteger(settings.batchSize) && settings.batchSize > 0, 'a whole number > 0'],
    ['warmup', settings.warmup >= 0 && settings.warmup <= 1, 'in [0, 1]'],
    ['quantizedShare', settings.quantizedShare >= 0 && settings.quantizedShare <= 1, 'in [0, 1]'],
  ];
  for (const [name, holds, what] of rules) {
    if (!holds) throw new QuantError('reconstruct', `${name} must be ${what}, got ${settings[name]}`, 'correct it');
  }
}

function diverged(what: string, value: number): QuantError {
  return new QuantError('reconstruct', `${what} must be finite, got ${value}`, 'check the data, or lower the rates');
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, of: (value: T, name: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value, name)]));
}
