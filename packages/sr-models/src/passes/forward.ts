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
  type Conv2dNode,
  dispatch,
  type Graph,
  type GraphNode,
  inputsOf,
  nodesByName,
  type OpTable,
  type QuantizeNode,
} from '../graph.js';
import type { ParamTensors } from '../params.js';

/** A feature map: NHWC. */
export type Features = Scaled<tf.Rank.R4>;

/** What a caller may watch during a pass. All tensors belong to the pass: read, do not keep. */
export interface ForwardHooks {
  /** The real values that a quantizer sees, when the pass runs in float. */
  readonly onInput?: (node: QuantizeNode, input: Features) => void;
  /** What a quantizer made of a feature map, when the pass runs quantized. */
  readonly onQuantize?: (node: QuantizeNode, input: Features, output: Features, grid: Grid) => void;
  /** The integers of a convolution, when the pass runs quantized. */
  readonly onConv?: (node: Conv2dNode, weights: Features | null, bias: tf.Tensor1D) => void;
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
  conv2d: (node, [x], pass) => convolve(node, first(x), pass),
  relu: (_, [x]) => ({ ...first(x), value: tf.relu(first(x).value) }),
  add: (_, [a, b]) => {
    const [left, right] = [first(a), first(b)];
    if (left.scale === right.scale) return { value: tf.add(left.value, right.value), scale: left.scale };
    return { value: tf.add(real(left), real(right)), scale: null };
  },
  scale: ({ factor }, [x]) => {
    const { value, scale } = first(x);
    return scale ? { value, scale: tf.mul(scale, factor) as tf.Tensor1D } : { value: tf.mul(value, factor), scale };
  },
  pixelShuffle: ({ factor }, [x]) => {
    const { value, scale } = withOneStep(first(x));
    return { value: tf.depthToSpace(value, factor, 'NHWC'), scale };
  },
  quantize: (node, [x], pass) => {
    const input = first(x);
    if (pass.mode === 'float') {
      pass.onInput?.(node, input);
      return input;
    }
    const grid = gridFor(pass, node.quantizer, node.spec, input);
    const output =
      pass.mode === 'exact' ? quantizeExact(input, grid, node.spec) : quantizeWatched(input, grid, node.spec, pass);
    pass.onQuantize?.(node, input, output, grid);
    return output;
  },
  output: (_, [x]) => first(x),
};

/**
 * `acc = conv(levels of x, levels of w) + levels of the bias`. Steps of the input's channels multiply the weights of those channels *before* the weights
 * are quantized, so that the sum over channels stays a sum of integers with one step for each output channel.
 */
function convolve(node: Conv2dNode, x: Features, pass: Pass): Features {
  const bias = pass.params.get(`${node.name}.bias`) as tf.Tensor1D;
  const spec = pass.mode === 'float' ? null : node.weights;
  const perChannel = x.scale && x.scale.size > 1 ? x.scale : null;
  const weight = foldSteps(pass.params.get(`${node.name}.weight`) as tf.Tensor4D, perChannel);
  const weights = spec ? quantizeWeights(node, scaled(weight), spec, pass) : null;
  const scale = mulScale(perChannel ? null : x.scale, weights?.scale ?? null);
  const steps = scale ? (tf.div(bias, scale) as tf.Tensor1D) : bias;
  const levels = spec ? roundThrough(steps) : steps;
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

/** Whether 0 is among the values that a node can give. */
function hasZero(name: string, byName: ReadonlyMap<string, GraphNode>): boolean {
  const node = byName.get(name) as GraphNode;
  if (node.op === 'pixelShuffle') return hasZero(node.input, byName);
  return node.op !== 'quantize' || node.spec.grid !== 'midrise';
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
