/**
 * The lowering pass: from a quantized graph and its parameters to the integer model.
 *
 * Levels of weights and biases come from the very operations of the fake-quantized forward pass, run once on a one-pixel image, so that both sides hold
 * the same integers; a bilinear enlargement is a convolution with constant weights and `edge` padding; each quantizer becomes `requantize` with the fixed-point form of its scale ratio. ReLU becomes the clamp, PReLU another
 * ratio below zero, tanh a table; residual scaling becomes part of the ratio; the rest keeps its names.
 */
import { quantizerByName } from '@fqsr/quant-core';
import { deriveMultiplier, type FixedPoint, MAX_SHIFT } from '@fqsr/quant-core/spec';
import type { FactorKeys, IntegerModel, IntegerNode, IntegerTensor } from '@fqsr/runtime/format';
import * as tf from '@tensorflow/tfjs';
import { ModelError } from '../error.js';
import {
  dispatch,
  type Graph,
  type GraphNode,
  inputsOf,
  nodesByName,
  type OpTable,
  type QuantizeNode,
  type TanhNode,
} from '../graph.js';
import { type Params, toTensors } from '../params.js';
import { auditGraph } from './audit.js';
import { bilinearChannels, bilinearTaps } from './bilinear.js';
import { forward } from './forward.js';
import { toOhwi } from './layout.js';
import { storedGrid } from './stored-grid.js';
import { tanhIndex, tanhRatios, tanhTable } from './tanh-table.js';

/** What the forward pass tells about one quantizer: the steps on both sides, in float32, and the level that stands for 0. */
interface Ratio {
  readonly from: Float32Array;
  readonly to: Float32Array;
  readonly zeroPoint: number;
  /** Slopes of a PReLU in front, one for each channel. */
  readonly slope: Float32Array | null;
}

/** Levels of one convolution, in the forward pass's layout. */
interface ConvLevels {
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

/**
 * Lowers a fully quantized graph.
 *
 * @param metadata free text for the file, e.g. provenance
 * @throws ModelError when the audit finds a float tensor, or a bias or a ratio of steps is out of range, naming it
 */
export function lower(graph: Graph, params: Params, metadata: Readonly<Record<string, string>> = {}): IntegerModel {
  const { floats } = auditGraph(graph);
  if (floats.length > 0) {
    throw new ModelError(
      'lower',
      `graph must be fully quantized, got float in ${floats.slice(0, 4).join(', ')}${floats.length > 4 ? ', ...' : ''}`,
      'use a plan without null',
    );
  }
  for (const node of graph.nodes) demandRepresentable(node);
  const { convs, ratios } = record(graph, params);
  const tensors: Record<string, IntegerTensor> = {};
  const nodes: IntegerNode[] = [];
  const byName = nodesByName(graph);
  const resolve = (name: string): string => skipFree(byName.get(name) as GraphNode, byName).name;
  for (const node of graph.nodes) {
    const lowered = dispatch(rules, node, { convs, ratios, tensors, byName, resolve });
    if (lowered) nodes.push(lowered);
  }
  return { name: graph.name, scale: graph.scale, nodes, tensors, metadata };
}

interface Lowering {
  readonly convs: ReadonlyMap<string, ConvLevels>;
  readonly ratios: ReadonlyMap<string, Ratio>;
  readonly tensors: Record<string, IntegerTensor>;
  readonly byName: ReadonlyMap<string, GraphNode>;
  /** The node that a reader really reads, past ops that vanish. */
  readonly resolve: (name: string) => string;
}

const rules: OpTable<[Lowering], IntegerNode | null> = {
  input: ({ name, channels, zeroPoint }) => ({ op: 'input', name, channels, zeroPoint }),
  conv2d: (node, { convs, tensors, resolve }) => {
    const { name, kernel, inChannels, outChannels } = node;
    const levels = convs.get(name) as ConvLevels;
    const weight = `${name}.weight`;
    const bias = `${name}.bias`;
    const isOdd = node.weights?.grid === 'midrise';
    const ohwi = toOhwi(levels.weights, kernel[0] * kernel[1] * inChannels, outChannels);
    tensors[weight] = isOdd ? ohwi : Int8Array.from(ohwi);
    tensors[bias] = int32(bias, levels.bias);
    const weightBits = node.weights?.bits ?? 8;
    return {
      op: 'conv2d',
      name,
      input: resolve(node.input),
      kernel,
      inChannels,
      outChannels,
      weight,
      weightBits,
      ...(isOdd ? { weightSpacing: 2 } : {}),
      bias,
    };
  },
  relu: () => null,
  prelu: () => null,
  tanh: () => null,
  batchNorm: ({ name }) => {
    throw new ModelError('lower', `${name} must be folded, got a batch normalisation`, 'run foldBatchNorm first');
  },
  scale: () => null,
  add: ({ name, inputs }, { resolve }) => ({ op: 'add', name, inputs: [resolve(inputs[0]), resolve(inputs[1])] }),
  pixelShuffle: ({ name, input, factor, order }, { resolve }) => ({
    op: 'pixelShuffle',
    name,
    input: resolve(input),
    factor,
    order,
  }),
  bilinear: (node, { tensors, resolve }) => {
    const { name, input, channels } = node;
    const { weights, unit, bits } = bilinearTaps(node);
    const outChannels = bilinearChannels(node);
    const keys = { weight: `${name}.weight`, bias: `${name}.bias` };
    tensors[keys.weight] = Int8Array.from(toOhwi(weights, 9 * channels, outChannels));
    tensors[keys.bias] = Int32Array.from(
      { length: outChannels },
      (_, o) => -(node.offset[o % channels] as number) * unit,
    );
    const sizes = { kernel: [3, 3], inChannels: channels, outChannels, weightBits: bits } as const;
    return { op: 'conv2d', name, input: resolve(input), ...sizes, ...keys, padding: 'edge' };
  },
  quantize: (node, lowering) => lowerQuantizer(node, lowering),
  output: ({ name, input }, { resolve }) => ({ op: 'output', name, input: resolve(input) }),
};

/** @throws ModelError for a grid that the file format cannot hold */
function demandRepresentable(node: GraphNode): void {
  const spec = node.op === 'quantize' ? node.spec : node.op === 'conv2d' ? node.weights : null;
  if (!spec) return;
  const tensor = node.op === 'conv2d' ? `weights of ${node.name}` : node.name;
  const isWeights = node.op === 'conv2d';
  const reasons: readonly (readonly [boolean, string, string])[] = [
    [isWeights && spec.affine, 'have no zero point', 'an affine grid'],
    [isWeights && !spec.signed, 'be signed', 'an unsigned grid'],
    [!isWeights && spec.affine && spec.granularity === 'channel', 'have one zero point', 'one for each channel'],
    [!isWeights && 'shift' in quantizerByName(spec.quantizer).params, 'be quantized as they are', 'a learned shift'],
  ];
  for (const [fails, wanted, got] of reasons) {
    if (fails) throw new ModelError('lower', `${tensor} must ${wanted}, got ${got}`, '.fqsr version 1 holds no other');
  }
}

function lowerQuantizer(node: QuantizeNode, lowering: Lowering): IntegerNode {
  const { ratios, tensors, byName, resolve } = lowering;
  const { name, spec } = node;
  const producer = byName.get(node.input) as GraphNode;
  if (producer.op === 'tanh') return lowerTanh(node, producer, lowering);
  const { from, to, zeroPoint, slope } = ratios.get(name) as Ratio;
  const channels = Math.max(from.length, to.length);
  const factors = Array.from({ length: channels }, (_, channel) =>
    fixedPoint(name, at(from, channel), at(to, channel)),
  );
  const { grid, qmin, qmax } = storedGrid(spec, zeroPoint);
  return {
    op: 'requantize',
    name,
    input: resolve(node.input),
    ...storeFactors(name, factors, tensors),
    ...(slope ? { negative: lowerSlope(name, ratios.get(name) as Ratio, slope, tensors) } : {}),
    grid: { ...grid, scale: to.length > 1 ? [...to] : at(to, 0) },
    qmin: passesRelu(producer, byName) ? Math.max(qmin, grid.zeroPoint) : qmin,
    qmax,
  };
}

function storeFactors(name: string, factors: readonly FixedPoint[], tensors: Lowering['tensors']): FactorKeys {
  const keys = { multiplier: `${name}.multiplier`, shift: `${name}.shift` };
  tensors[keys.multiplier] = Int32Array.from(factors, ({ multiplier }) => multiplier);
  tensors[keys.shift] = Uint8Array.from(factors, ({ shift }) => shift);
  return keys;
}

/** The factors below zero: the very products of ratio and slope that `quantizeExact` takes, signed; 0 where they are too small to matter. */
function lowerSlope(name: string, { from, to }: Ratio, slope: Float32Array, tensors: Lowering['tensors']): FactorKeys {
  const factors = Array.from(slope, (value, channel) => {
    const factor = Math.fround(Math.fround(at(from, channel) / at(to, channel)) * value);
    if (Math.abs(factor) < 2 ** -32) return { multiplier: 0, shift: MAX_SHIFT };
    const { multiplier, shift } = fixedPoint(name, Math.abs(factor), 1);
    return { multiplier: Math.sign(factor) * multiplier, shift };
  });
  return storeFactors(`${name}.negative`, factors, tensors);
}

/** An image by table: see `tanh-table`. */
function lowerTanh(node: QuantizeNode, tanh: TanhNode, { ratios, tensors, resolve }: Lowering): IntegerNode {
  const { name, spec } = node;
  if (spec.quantizer !== 'fixed' || spec.bits !== 8 || spec.signed) {
    throw new ModelError(
      'lower',
      `${name} must be an 8-bit image, got ${spec.bits} bits by ${spec.quantizer}`,
      'use the plan of a preset for outputs',
    );
  }
  const factors = Array.from(tanhRatios((ratios.get(tanh.name) as Ratio).from), (ratio) => fixedPoint(name, ratio, 1));
  tensors[`${name}.table`] = tanhTable(tanh);
  return {
    op: 'requantize',
    name,
    input: resolve(node.input),
    ...storeFactors(name, factors, tensors),
    table: { levels: `${name}.table`, low: tanhIndex.low },
    grid: { bits: 8, signed: false, zeroPoint: 0, scale: 1 },
    qmin: 0,
    qmax: 255,
  };
}

/** The very ratio of the forward pass, which divides in float32. @throws ModelError naming the quantizer when it is out of range */
function fixedPoint(name: string, from: number, to: number): FixedPoint {
  try {
    return deriveMultiplier(Math.fround(from / to));
  } catch (cause) {
    const { message } = cause as Error;
    throw new ModelError(
      'lower',
      `${name} must have a step near its input's, got ${from} to ${to}: ${message}`,
      'recalibrate',
    );
  }
}

/** One forward pass on one grey pixel, to read levels and steps as the float graph computes them. */
function record(graph: Graph, params: Params): { convs: Map<string, ConvLevels>; ratios: Map<string, Ratio> } {
  const convs = new Map<string, ConvLevels>();
  const ratios = new Map<string, Ratio>();
  tf.tidy(() => {
    forward(graph, tf.fill([1, 1, 1, 3], 128), {
      params: toTensors(graph, params),
      mode: 'exact',
      onConv: (node, weights, bias) => {
        if (weights) convs.set(node.name, { weights: floats(weights.value), bias: floats(bias) });
      },
      onTanh: (node, input) => {
        const from = input.scale ? floats(input.scale) : Float32Array.of(1);
        ratios.set(node.name, { from, to: Float32Array.of(1), zeroPoint: 0, slope: null });
      },
      onQuantize: (node, input, output, grid) => {
        const from = input.scale ? floats(input.scale) : Float32Array.of(1);
        const to = output.scale ? floats(output.scale) : Float32Array.of(1);
        const slope = input.slope ? floats(input.slope) : null;
        ratios.set(node.name, {
          from,
          to,
          slope,
          zeroPoint: grid.zeroPoint ? (floats(grid.zeroPoint)[0] as number) : 0,
        });
      },
    });
  });
  return { convs, ratios };
}

/** The entry of a channel, where one entry stands for all. */
function at(values: Float32Array, channel: number): number {
  return values[values.length > 1 ? channel : 0] as number;
}

function floats(tensor: tf.Tensor): Float32Array {
  return Float32Array.from(tensor.dataSync());
}

/** @throws ModelError naming the tensor when a value does not fit */
function int32(name: string, values: Float32Array): Int32Array {
  const worst = values.find((value) => !(value >= -(2 ** 31) && value < 2 ** 31));
  if (worst === undefined) return Int32Array.from(values);
  throw new ModelError('lower', `${name} must fit int32, got ${worst}`, 'its steps are too small; recalibrate');
}

/** Ops that become part of the requantization behind them. */
const vanishing: ReadonlySet<GraphNode['op']> = new Set(['relu', 'prelu', 'tanh', 'scale'] as const);

/** The node whose value an op that vanishes stands for. */
function skipFree(node: GraphNode, byName: ReadonlyMap<string, GraphNode>): GraphNode {
  return vanishing.has(node.op) ? skipFree(byName.get(inputsOf(node)[0] as string) as GraphNode, byName) : node;
}

function passesRelu(node: GraphNode, byName: ReadonlyMap<string, GraphNode>): boolean {
  if (node.op === 'relu') return true;
  return node.op === 'scale' && passesRelu(byName.get(node.input) as GraphNode, byName);
}
