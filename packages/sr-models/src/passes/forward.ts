/**
 * The forward pass in TensorFlow.js, float or fake-quantized, differentiable in all parameters.
 *
 * Fake-quantized, every value between quantizers is an integer held in a float, times a step (see `Scaled`): convolutions sum levels, biases are
 * rounded to the accumulator's step, adds sum levels of one grid. This is the integer network itself, exact while accumulators stay below 2^24.
 */
import {
  fakeQuant,
  type Grid,
  gridOf,
  mulScale,
  quantizeExact,
  quantizerByName,
  real,
  roundThrough,
  type Scaled,
  scaled,
} from '@fqsr/quant-core';
import type { QuantSpec } from '@fqsr/quant-core/spec';
import * as tf from '@tensorflow/tfjs';
import {
  type BatchNormNode,
  type BilinearNode,
  type Conv2dNode,
  dispatch,
  type Graph,
  type GraphNode,
  inputsOf,
  nodesByName,
  type OpTable,
  type PreluNode,
  type QuantizeNode,
  type TanhNode,
} from '../graph.js';
import type { ParamTensors } from '../params.js';
import { bilinearTaps } from './bilinear.js';
import { hasZero, isLevels } from './levels.js';
import { tanhIndex, tanhRatios, tanhTable } from './tanh-table.js';

/** A feature map: NHWC. */
export interface Features extends Scaled<tf.Rank.R4> {
  /** Slopes below zero that are still to be applied, one for each channel: in mode `exact`, where a quantizer takes them into its ratio. */
  readonly slope?: tf.Tensor1D;
}

/** What a caller may watch during a pass. All tensors belong to the pass: read, do not keep. */
export interface ForwardHooks {
  /** The real values that a quantizer sees, when the pass runs in float. */
  readonly onInput?: (node: QuantizeNode, input: Features) => void;
  /** What a quantizer made of a feature map, when the pass runs quantized. */
  readonly onQuantize?: (node: QuantizeNode, input: Features, output: Features, grid: Grid) => void;
  /** The integers of a convolution, when the pass runs quantized. */
  readonly onConv?: (node: Conv2dNode, weights: Features | null, bias: tf.Tensor1D) => void;
  /** What each node gives. */
  readonly onNode?: (node: GraphNode, output: Features) => void;
  /** What a tanh sees, when the pass runs quantized. */
  readonly onTanh?: (node: TanhNode, input: Features) => void;
  /** Mean and variance of a batch over `count` values for each channel, when batch normalisation uses them. */
  readonly onStatistics?: (node: BatchNormNode, mean: tf.Tensor1D, variance: tf.Tensor1D, count: number) => void;
  /** Every differentiable quantization, of weights and of feature maps. */
  readonly onFakeQuant?: (input: Features, output: Features) => void;
}

/** How to run a graph. */
export interface ForwardOptions extends ForwardHooks {
  readonly params: ParamTensors;
  /**
   * `float` ignores all quantizers; `quantized` applies them differentiably, for training; `exact` applies them as the integer network does, to the
   * last level, for inference (see `quantizeExact`).
   */
  readonly mode: 'float' | 'quantized' | 'exact';
  /** What batch normalisation divides by: the statistics of the batch, in training, or the running ones (the default). */
  readonly statistics?: 'batch' | 'running';
  /** For estimators that round at random, in mode `quantized`: another one for each step of a training. */
  readonly seed?: number;
}

/**
 * Runs a graph on a batch of images.
 *
 * @param images `[batch, height, width, 3]`, 0..255
 * @returns `[batch, height * scale, width * scale, 3]` in grey levels: whole numbers in 0..255 when the output is quantized, unclamped reals otherwise.
 *   The caller disposes; wrap in `tf.tidy` or a gradient function to free what lies between.
 */
export function forward(graph: Graph, images: tf.Tensor4D, options: ForwardOptions): tf.Tensor4D {
  const pass: Pass = { ...options, grids: new Map(), byName: nodesByName(graph), draws: { count: 0 } };
  const values = new Map<string, Features>();
  let output: Features = { value: images, scale: null };
  for (const node of graph.nodes) {
    const inputs = inputsOf(node).map((name) => values.get(name) as Features);
    output = dispatch(rules, node, inputs.length > 0 ? inputs : [{ value: images, scale: null }], pass);
    values.set(node.name, output);
    options.onNode?.(node, output);
  }
  return real(output);
}

/** The options of a pass and what it has computed. */
interface Pass extends ForwardOptions {
  readonly grids: Map<string, Grid>;
  readonly byName: ReadonlyMap<string, GraphNode>;
  /** How many quantizers have run: each has noise of its own. */
  readonly draws: { count: number };
}

const rules: OpTable<[inputs: readonly Features[], pass: Pass], Features> = {
  input: ({ zeroPoint }, [x]) => ({ value: tf.sub(first(x).value, tf.tensor1d([...zeroPoint])), scale: null }),
  conv2d: (node, [x], pass) => convolve(node, settled(x), pass),
  relu: (_, [x]) => ({ ...settled(x), value: tf.relu(settled(x).value) }),
  prelu: (node, [x], pass) => applyPrelu(node, settled(x), pass),
  batchNorm: (node, [x], pass) => normalise(node, settled(x), pass),
  tanh: (node, [x], pass) => applyTanh(node, settled(x), pass),
  add: (_, [a, b]) => {
    const [left, right] = [settled(a), settled(b)];
    if (left.scale === right.scale) return { value: tf.add(left.value, right.value), scale: left.scale };
    return { value: tf.add(real(left), real(right)), scale: null };
  },
  scale: ({ factor }, [x]) => {
    const { value, scale, ...rest } = first(x);
    return scale
      ? { value, scale: tf.mul(scale, factor) as tf.Tensor1D, ...rest }
      : { value: tf.mul(value, factor), scale, ...rest };
  },
  pixelShuffle: ({ factor }, [x]) => {
    const { value, scale } = withOneStep(settled(x));
    return { value: tf.depthToSpace(value, factor, 'NHWC'), scale };
  },
  bilinear: (node, [x], pass) => enlarge(node, first(x), pass),
  quantize: (node, [x], pass) => {
    const input = first(x);
    if (pass.mode === 'float') {
      pass.onInput?.(node, input);
      return input;
    }
    const grid = gridFor(pass, node.quantizer, node.spec, input);
    const output =
      pass.mode === 'exact'
        ? quantizeExact(input, grid, node.spec, input.slope)
        : quantizeWatched(input, grid, node.spec, pass);
    pass.onQuantize?.(node, input, output, grid);
    return output;
  },
  output: (_, [x]) => settled(x),
};

/** PReLU; in mode `exact` left to the quantizer that reads it. */
function applyPrelu({ name, constant }: PreluNode, { value, scale }: Features, { mode, params }: Pass): Features {
  const slopes = constant === undefined ? (params.get(`${name}.slope`) as tf.Tensor1D) : tf.tensor1d([constant]);
  const channels = value.shape[3];
  const slope = slopes.size === channels ? slopes : tf.tile(slopes, [channels / slopes.size]);
  return mode === 'exact' ? { value, scale, slope } : { value: preluOf(value, slope), scale };
}

/** The feature map with the slopes applied that it may still carry. */
function settled(x: Features | undefined): Features {
  const { value, scale, slope } = first(x);
  return slope ? { value: preluOf(value, slope), scale } : { value, scale };
}

function preluOf(value: tf.Tensor4D, slope: tf.Tensor1D): tf.Tensor4D {
  return tf.prelu(value, tf.reshape(slope, [1, 1, 1, slope.size]));
}

/** Sums of the image with integer weights, in steps that are as many times smaller than a grey level; in float the mean itself. */
function enlarge(node: BilinearNode, { value }: Features, { mode }: Pass): Features {
  const { weights, unit } = bilinearTaps(node);
  const filter = tf.tensor4d(weights, [3, 3, node.channels, weights.length / (9 * node.channels)]);
  const offset = tf.tensor1d(node.offset.map((levels) => levels * unit));
  const taken = tf.tile(offset, [weights.length / (9 * node.channels * offset.size)]);
  const sums = tf.sub(tf.conv2d(repeatEdges(value), filter, 1, 'valid'), taken) as tf.Tensor4D;
  return mode === 'float'
    ? { value: tf.div(sums, unit), scale: null }
    : { value: sums, scale: tf.tensor1d([1 / unit]) };
}

/** One pixel more on every side, each its nearest. */
function repeatEdges(x: tf.Tensor4D): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const row = (y: number) => tf.slice(x, [0, y, 0, 0], [batch, 1, width, channels]);
  const tall = tf.concat([row(0), x, row(height - 1)], 1);
  const column = (at: number) => tf.slice(tall, [0, 0, at, 0], [batch, height + 2, 1, channels]);
  return tf.concat([column(0), tall, column(width - 1)], 2);
}

function normalise(node: BatchNormNode, x: Features, pass: Pass): Features {
  const [mean, variance, beta, gamma] = ['mean', 'variance', 'beta', 'gamma'].map(
    (part) => pass.params.get(`${node.name}.${part}`) as tf.Tensor1D,
  ) as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
  const value = real(x);
  if (pass.statistics !== 'batch') {
    return { value: tf.batchNorm(value, mean, variance, beta, gamma, node.epsilon) as tf.Tensor4D, scale: null };
  }
  const batch = tf.moments(value, [0, 1, 2]);
  const { mean: m, variance: v } = batch as { mean: tf.Tensor1D; variance: tf.Tensor1D };
  pass.onStatistics?.(node, m, v, value.size / node.channels);
  return { value: tf.batchNorm(value, m, v, beta, gamma, node.epsilon) as tf.Tensor4D, scale: null };
}

/** Tanh; quantized, of the very index that the integer network looks up (see `tanh-table`). */
function applyTanh(node: TanhNode, x: Features, pass: Pass): Features {
  const { gain, offset } = node;
  const curve = (at: tf.Tensor4D): tf.Tensor4D => tf.add(tf.mul(tf.tanh(at), gain), offset);
  if (pass.mode === 'float') return { value: curve(real(x)), scale: null };
  pass.onTanh?.(node, x);
  if (pass.mode === 'exact') return { value: lookUp(node, x), scale: null };
  const { low, high, perUnit } = tanhIndex;
  const index = roundThrough(tf.clipByValue(tf.mul(real(x), perUnit), low, high));
  return { value: curve(tf.div(index, perUnit)), scale: null };
}

/** Levels of a tanh from accumulators, in float64 on the host, as the integer network finds them. */
function lookUp(node: TanhNode, { value, scale }: Features): tf.Tensor4D {
  const table = tanhTable(node);
  const ratios = tanhRatios(Float32Array.from(scale?.dataSync() ?? [1]));
  const accumulators = value.dataSync();
  const levels = Float32Array.from(accumulators, (acc, i) => {
    const index = Math.floor(acc * (ratios[i % ratios.length] as number) + 0.5);
    return table[Math.min(tanhIndex.high, Math.max(tanhIndex.low, index)) - tanhIndex.low] as number;
  });
  return tf.tensor(levels, value.shape, 'float32') as tf.Tensor4D;
}

/**
 * `acc = conv(levels of x, levels of w) + levels of the bias`. Steps of the input's channels multiply the weights of those channels *before* the weights
 * are quantized, so that the sum over channels stays a sum of integers with one step for each output channel.
 */
function convolve(node: Conv2dNode, input: Features, pass: Pass): Features {
  // What a plan leaves in float has no steps that weights are calibrated to, nor one for the bias to be rounded to.
  const isInteger = isLevels(node.input, pass.byName);
  const x: Features = isInteger ? input : { value: real(input), scale: null };
  const bias = pass.params.get(`${node.name}.bias`) as tf.Tensor1D;
  const spec = pass.mode === 'float' ? null : node.weights;
  const perChannel = x.scale && x.scale.size > 1 ? x.scale : null;
  const weight = foldSteps(pass.params.get(`${node.name}.weight`) as tf.Tensor4D, perChannel);
  const weights = spec ? quantizeWeights(node, scaled(weight), spec, pass) : null;
  const scale = mulScale(perChannel ? null : x.scale, weights?.scale ?? null);
  const steps = scale ? (tf.div(bias, scale) as tf.Tensor1D) : bias;
  const levels = spec && isInteger ? roundThrough(steps) : steps;
  if (pass.mode !== 'float') pass.onConv?.(node, weights, levels);
  const filter = weights ? weights.value : weight;
  return { value: tf.add(convolveSame(node, x.value, filter, pass), levels), scale };
}

/**
 * A convolution with `same` padding. Where the input's grid has no zero, the border is what a zero becomes on it: level 1 (the authors' code pads before it
 * quantizes).
 */
function convolveSame({ kernel, input }: Conv2dNode, x: tf.Tensor4D, filter: tf.Tensor4D, pass: Pass): tf.Tensor4D {
  if (pass.mode === 'float' || hasZero(input, pass.byName)) return tf.conv2d(x, filter, 1, 'same');
  const pads = kernel.map((size): [number, number] => [(size - 1) >> 1, size >> 1]);
  const padded = tf.pad(x, [[0, 0], ...pads, [0, 0]], 1);
  return tf.conv2d(padded as tf.Tensor4D, filter, 1, 'valid');
}

function quantizeWeights(node: Conv2dNode, weight: Features, spec: QuantSpec, pass: Pass): Features {
  return quantizeWatched(weight, gridFor(pass, `${node.name}.weight`, spec, weight), spec, pass);
}

/** Differentiable quantization, shown to the caller. */
function quantizeWatched(x: Features, grid: Grid, spec: QuantSpec, pass: Pass): Features {
  const draw = pass.draws.count++;
  const seed = pass.mode === 'exact' ? 'nearest' : pass.seed === undefined ? undefined : pass.seed + draw;
  const output = fakeQuant(x, grid, spec, seed);
  pass.onFakeQuant?.(x, output);
  return output;
}

/** Multiplies the weights (HWIO) of each input channel by that channel's step. */
function foldSteps(weight: tf.Tensor4D, steps: tf.Tensor1D | null): tf.Tensor4D {
  return steps ? tf.mul(weight, tf.reshape(steps, [1, 1, steps.size, 1])) : weight;
}

/** The grid of a quantizer, computed once a pass: tensors that share a quantizer share the very grid, so an add sees one. */
function gridFor({ params, grids }: Pass, prefix: string, spec: QuantSpec, x: Features): Grid {
  const known = grids.get(prefix);
  if (known) return known;
  const names = Object.keys(quantizerByName(spec.quantizer).params);
  const own = names.map((name) => [name, params.get(`${prefix}.${name}`) as tf.Tensor1D] as const);
  const grid = gridOf(Object.fromEntries(own), spec, x);
  grids.set(prefix, grid);
  return grid;
}

function first(x: Features | undefined): Features {
  return x as Features;
}

/** Per-channel steps do not survive an op that mixes channels: apply them first. */
function withOneStep(x: Features): Features {
  return x.scale && x.scale.size > 1 ? { value: real(x), scale: null } : x;
}
