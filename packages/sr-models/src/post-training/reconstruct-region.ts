/** Reconstruction of one region: from the graph's terms to those of `reconstruct`. */
import {
  type Block,
  quantizerByName,
  type ReconstructionData,
  type ReconstructionOptions,
  type Roundable,
  real,
  reconstruct,
} from '@fqsr/quant-core';
import type { QuantSpec } from '@fqsr/quant-core/spec';
import * as tf from '@tensorflow/tfjs';
import { ModelError } from '../error.js';
import { type Conv2dNode, type Graph, makeGraph, nodesByName } from '../graph.js';
import { type Params, toTensors } from '../params.js';
import { forward } from '../passes/forward.js';
import { parameters, quantizables } from '../passes/parameters.js';
import { readGrid } from './read-grid.js';
import type { Region } from './regions.js';

/** What is learned beside the rounding of weights: `steps`: grids of activations and skips with one step; `activation-steps`: those of activations alone; `biases`: biases of convolutions. */
export type AlsoLearned = 'steps' | 'activation-steps' | 'biases';

/** A region, reconstructed. */
export interface RegionResult {
  /** Parameters of the region that changed: weights that lie on their grids, biases, steps. */
  readonly params: Params;
  /** Mean over positions of the squared error of its output, summed over channels: with all weights rounded to the nearest level, and now. */
  readonly error: { readonly nearest: number; readonly learned: number };
}

/**
 * Learns the rounding of a region's weights, so that its output on the quantized network's values is that of the float network.
 *
 * @param params all parameters of the quantized graph
 * @throws ModelError for weights whose grid depends on their values, since rounding them moves it
 */
export function reconstructRegion(
  { graph, convs, name }: Region,
  params: Params,
  data: ReconstructionData,
  learns: readonly AlsoLearned[],
  options: Partial<ReconstructionOptions>,
): RegionResult {
  const quantized = convs.filter(({ weights }) => weights !== null);
  const inputSteps = new Map(quantized.map((conv) => [conv.name, channelSteps(conv, graph, params)]));
  const roundables = Object.fromEntries(
    quantized.map((conv) => [conv.name, roundableOf(conv, params, inputSteps.get(conv.name) ?? null)]),
  );
  const block = blockOf(graph, params, inputSteps);
  const { weights, learned, error } = reconstruct(block, roundables, startOf(graph, params, learns), data, options);
  if (!Number.isFinite(error.learned))
    throw new ModelError('postTrain', `error of ${name} must be finite`, 'recalibrate');
  const changed = new Map<string, Float32Array>(Object.entries(learned));
  for (const conv of quantized) {
    const rounded = weights[conv.name]?.weights as Float32Array;
    changed.set(`${conv.name}.weight`, unfold(rounded, conv, inputSteps.get(conv.name) ?? null));
  }
  return { params: changed, error };
}

/** The region's forward pass with weights from outside: they are levels already, so its own weight quantizers are taken out. */
function blockOf(graph: Graph, params: Params, inputSteps: ReadonlyMap<string, Float32Array | null>): Block {
  const nodes = graph.nodes.map((node) => (node.op === 'conv2d' ? { ...node, weights: null } : node));
  const open = makeGraph({ ...graph, nodes });
  return ({ weights, learned }, [input]) => {
    const tensors = new Map<string, tf.Tensor>(toTensors(open, params));
    for (const [key, value] of Object.entries(learned)) tensors.set(key, value);
    for (const [conv, levels] of Object.entries(weights)) {
      const steps = inputSteps.get(conv);
      const folded = real(levels);
      // The pass multiplies by the steps of the input's channels, which are in these weights already.
      const weight = steps ? tf.div(folded, tf.tensor(steps, [1, 1, steps.length, 1])) : folded;
      tensors.set(`${conv}.weight`, weight);
    }
    return forward(open, input as tf.Tensor4D, { params: tensors, mode: 'quantized' });
  };
}

function startOf(graph: Graph, params: Params, learns: readonly AlsoLearned[]): Record<string, Float32Array> {
  const own = new Set<string>();
  for (const { key, spec, node } of quantizables(graph)) {
    if (node.op !== 'quantize' || spec.granularity === 'channel') continue;
    const isLearned = learns.includes('steps') || (learns.includes('activation-steps') && node.role !== 'skips');
    if (!isLearned) continue;
    for (const param of Object.keys(quantizerByName(spec.quantizer).params)) own.add(`${key}.${param}`);
  }
  for (const { name, kind } of parameters(graph)) if (kind === 'bias' && learns.includes('biases')) own.add(name);
  return Object.fromEntries([...own].map((name) => [name, params.get(name) as Float32Array]));
}

/** Weights as the forward pass quantizes them, and the grid that it uses. */
function roundableOf(conv: Conv2dNode, params: Params, inputSteps: Float32Array | null): Roundable {
  const spec = conv.weights as QuantSpec;
  const weights = fold(params.get(`${conv.name}.weight`) as Float32Array, conv, inputSteps);
  const shape = [...conv.kernel, conv.inChannels, conv.outChannels];
  const grid = readGrid(`${conv.name}.weight`, spec, params, conv.outChannels);
  if (!grid.plain || quantizerByName(spec.quantizer).dynamic) {
    throw new ModelError(
      'postTrain',
      `weights of ${conv.name} must have a grid that does not depend on them, got the quantizer ${spec.quantizer}`,
      'use lsq-log',
    );
  }
  return { weights, shape, spec, steps: grid.steps, ...(grid.zeroPoints && { zeroPoints: grid.zeroPoints }) };
}

/** The steps of a convolution's input where it has one for each channel. */
function channelSteps(conv: Conv2dNode, graph: Graph, params: Params): Float32Array | null {
  const input = nodesByName(graph).get(conv.input);
  if (input?.op !== 'quantize' || input.spec.granularity !== 'channel') return null;
  return readGrid(input.quantizer, input.spec, params, conv.inChannels).steps;
}

function fold(weights: Float32Array, conv: Conv2dNode, steps: Float32Array | null): Float32Array {
  return steps ? weights.map((weight, at) => weight * (steps[channelOf(at, conv)] as number)) : weights;
}

function unfold(weights: Float32Array, conv: Conv2dNode, steps: Float32Array | null): Float32Array {
  return steps ? weights.map((weight, at) => weight / (steps[channelOf(at, conv)] as number)) : weights;
}

function channelOf(at: number, { inChannels, outChannels }: Conv2dNode): number {
  return Math.floor(at / outChannels) % inChannels;
}
