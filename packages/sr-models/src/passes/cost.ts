/**
 * The cost pass: parameters, MACs, BitOPs, bytes and peak activation memory.
 *
 * BitOPs = sum over convolutions of MACs * weight bits * activation bits, plus each add's elements * skip bits; a float operand counts 32 bits. A bilinear enlargement
 * counts as a convolution with the four weights of each value.
 */
import { packedBytes } from '@fqsr/quant-core/spec';
import { type Conv2dNode, type Graph, type GraphNode, inputsOf, nodesByName } from '../graph.js';
import { bilinearChannels, bilinearTaps } from './bilinear.js';
import { type Shape, shapes } from './shapes.js';
import { tanhIndex } from './tanh-table.js';

/** The BitOPs formula, to be printed with every figure. */
export const bitOpsFormula =
  'sum conv MACs * weight bits * activation bits + add elements * skip bits; float = 32 bits';

/** Pixels that a bilinear enlargement averages. */
const BILINEAR_TAPS = 4;

/** What a network costs. */
export interface Cost {
  /** Weights, biases, slopes, and what batch normalisation learns (not its statistics). */
  readonly parameters: number;
  /** Multiply-accumulates for one low-resolution pixel. */
  readonly macsPerPixel: number;
  /** See {@link bitOpsFormula}; for one low-resolution pixel. */
  readonly bitOpsPerPixel: number;
  /** Weights at their width, biases at 32 bits, and a 32-bit multiplier and 8-bit shift for each requantized channel; float: 4 bytes a parameter. */
  readonly modelBytes: number;
  /** Largest sum of stored tensors that live at once, bytes for one low-resolution pixel. */
  readonly peakActivationBytesPerPixel: number;
  /** The part of that peak that an add reads. */
  readonly skipBytesPerPixel: number;
  /** Most bytes of stored tensors that live at once while skips are at their largest: the peak of the body, where the upsampler's is larger. */
  readonly bodyActivationBytesPerPixel: number;
  /** The skips' part of that: what a skip that stays float costs. */
  readonly bodySkipBytesPerPixel: number;
}

/** A node that computes, and its part of {@link bitOpsFormula}, for one low-resolution pixel. */
export interface LayerCost {
  readonly name: string;
  readonly op: 'conv2d' | 'add' | 'bilinear';
  /** Of its weights, 32 in float; `null` where it has none. */
  readonly weightBits: number | null;
  /** Of what it reads, 32 in float. */
  readonly inputBits: number;
  readonly macs: number;
  readonly bitOps: number;
}

/** The nodes that multiply or add, in order; the sums of their figures are those of {@link cost}. */
export function layerCosts(graph: Graph): readonly LayerCost[] {
  const byName = nodesByName(graph);
  const shapeOf = shapes(graph);
  const bits = (name: string): number => bitsOf(name, byName);
  return graph.nodes.flatMap((node): LayerCost[] => {
    const { channels, factor } = shapeOf.get(node.name) as Shape;
    const { name, op } = node;
    if (op === 'add') {
      const inputBits = bits(node.inputs[0]);
      return [{ name, op, weightBits: null, inputBits, macs: 0, bitOps: channels * factor ** 2 * inputBits }];
    }
    if (op !== 'conv2d' && op !== 'bilinear') return [];
    const isInteger = op === 'conv2d' ? node.weights !== null : isRequantized(name, graph);
    const own = op === 'conv2d' ? node.weights?.bits : bilinearTaps(node).bits;
    const macs = (op === 'conv2d' ? weightCount(node) : BILINEAR_TAPS * channels) * factor ** 2;
    // A float convolution computes in float whatever its input was.
    const [weightBits, inputBits] = isInteger ? [own ?? 32, bits(node.input)] : [32, 32];
    return [{ name, op, weightBits, inputBits, macs, bitOps: macs * weightBits * inputBits }];
  });
}

/** What a graph costs. Everything is linear in the number of pixels, so figures are for one low-resolution pixel. */
export function cost(graph: Graph): Cost {
  const byName = nodesByName(graph);
  const shapeOf = shapes(graph);
  const bits = (name: string): number => bitsOf(name, byName);
  const isQuantized = graph.nodes.some(({ op }) => op === 'quantize');
  const layers = layerCosts(graph);
  const sum = (of: (layer: LayerCost) => number) => layers.reduce((total, layer) => total + of(layer), 0);
  let parameters = 0;
  let bytes = 0;
  for (const node of graph.nodes) {
    const shape = shapeOf.get(node.name) as Shape;
    if (node.op === 'conv2d') {
      const weights = weightCount(node);
      parameters += weights + node.outChannels;
      bytes += (node.weights ? packedBytes(weights, node.weights.bits) : 4 * weights) + 4 * node.outChannels;
    } else if (node.op === 'bilinear') {
      const weights = bilinearTaps(node);
      const isInteger = isRequantized(node.name, graph);
      // Integer models hold its weights and biases as those of any convolution.
      bytes += isInteger ? packedBytes(weights.weights.length, weights.bits) + 4 * bilinearChannels(node) : 0;
    } else if (node.op === 'prelu') {
      const learned = node.constant === undefined ? node.slopes : 0;
      parameters += learned;
      bytes += 4 * (isRequantized(node.name, graph) ? 0 : learned);
    } else if (node.op === 'tanh') {
      bytes += isQuantized ? tanhIndex.high - tanhIndex.low + 1 : 0;
    } else if (node.op === 'batchNorm') {
      parameters += 2 * node.channels;
      bytes += 16 * node.channels;
    } else if (node.op === 'quantize') {
      const perChannel = node.spec.granularity === 'channel' || hasChannelSteps(node.input, byName);
      // A PReLU in front is a second multiplier and shift for each channel.
      const slopes = byName.get(node.input)?.op === 'prelu' ? shape.channels : 0;
      bytes += 5 * ((perChannel ? shape.channels : 1) + slopes);
    }
  }
  const memory = peakActivations(graph, shapeOf, bits);
  return {
    parameters,
    macsPerPixel: sum(({ macs }) => macs),
    bitOpsPerPixel: sum(({ bitOps }) => bitOps),
    modelBytes: bytes,
    ...memory,
  };
}

/** Whether all that read a value are quantizers, which hold what it multiplies by. */
function isRequantized(name: string, { nodes }: Graph): boolean {
  return nodes.every((node) => node.op === 'quantize' || !inputsOf(node).includes(name));
}

function weightCount({ kernel, inChannels, outChannels }: Conv2dNode): number {
  return kernel[0] * kernel[1] * inChannels * outChannels;
}

/** Whether a value has one step for each channel: the steps of an accumulator are its weights', those of a sum its summands'. */
function hasChannelSteps(name: string, byName: ReadonlyMap<string, GraphNode>): boolean {
  const node = byName.get(name) as GraphNode;
  if (node.op === 'conv2d') return node.weights?.granularity === 'channel';
  if (node.op === 'quantize') return node.spec.granularity === 'channel';
  return inputsOf(node).some((input) => hasChannelSteps(input, byName));
}

/** Width of a stored value: the image has 8 bits, levels have their spec's, everything else is float. */
function bitsOf(name: string, byName: ReadonlyMap<string, GraphNode>): number {
  const node = byName.get(name) as GraphNode;
  if (node.op === 'quantize') return node.spec.bits;
  if (node.op === 'input') return 8;
  return node.op === 'pixelShuffle' || node.op === 'output' ? bitsOf(node.input, byName) : 32;
}

/** Ops that become part of the requantization behind them. */
const fused: ReadonlySet<GraphNode['op']> = new Set(['relu', 'prelu', 'tanh', 'scale'] as const);

/**
 * Liveness over the nodes in order. Stored are the image, levels and, in a float graph, every value; accumulators and sums that only feed quantizers,
 * also through ReLUs and residual scaling, are fused away: what they read lives until their last quantizer has written. Levels count at their width
 * in bits.
 */
function peakActivations(
  graph: Graph,
  shapeOf: ReadonlyMap<string, Shape>,
  bits: (name: string) => number,
): Omit<Cost, 'parameters' | 'macsPerPixel' | 'bitOpsPerPixel' | 'modelBytes'> {
  const readers = new Map<string, (readonly [GraphNode, number])[]>(graph.nodes.map(({ name }) => [name, []]));
  for (const [i, node] of graph.nodes.entries()) {
    for (const name of new Set(inputsOf(node))) readers.get(name)?.push([node, i]);
  }
  const readersOf = (name: string) => readers.get(name) ?? [];
  const isFused = (name: string): boolean =>
    readersOf(name).every(([{ op, name: reader }]) => op === 'quantize' || (fused.has(op) && isFused(reader)));
  const isStored = ({ name, op }: GraphNode) => op !== 'output' && !isFused(name);
  const lastUse = (name: string): number =>
    Math.max(...readersOf(name).map(([node, i]) => (node.op === 'output' || isStored(node) ? i : lastUse(node.name))));
  const size = (name: string): number => {
    const { channels, factor } = shapeOf.get(name) as Shape;
    return (channels * factor ** 2 * bits(name)) / 8;
  };
  let peak = { all: 0, skips: 0 };
  let body = { all: 0, skips: 0 };
  for (const [i, node] of graph.nodes.entries()) {
    const before = graph.nodes.slice(0, i).filter((other) => isStored(other) && lastUse(other.name) >= i);
    const live = isStored(node) ? [...before, node] : before;
    const all = live.reduce((sum, { name }) => sum + size(name), 0);
    const skips = live
      .filter(({ name }) => readersOf(name).some(([{ op }]) => op === 'add'))
      .reduce((sum, { name }) => sum + size(name), 0);
    if (all > peak.all) peak = { all, skips };
    if (skips > body.skips || (skips === body.skips && all > body.all)) body = { all, skips };
  }
  return {
    peakActivationBytesPerPixel: peak.all,
    skipBytesPerPixel: peak.skips,
    bodyActivationBytesPerPixel: body.all,
    bodySkipBytesPerPixel: body.skips,
  };
}
