/** Seeded initialisation. */
import * as tf from '@tensorflow/tfjs';
import { type Conv2dNode, type Graph, type GraphNode, inputsOf, nodesByName } from '../graph.js';
import type { Params } from '../params.js';
import { imageOffset } from './bilinear.js';
import { parameters } from './parameters.js';

/** First slope of a PReLU. */
const SLOPE = 0.25;

/** Farthest from the middle that a tanh starts, of its range: nearer the ends its gradient vanishes. */
const TANH_START = 0.9;

/**
 * Random weights for a float graph: uniform in `+-sqrt(3 * gain / fan_in)`, `gain` 2 in front of a ReLU, `2 / (1 + slope^2)` in front of a PReLU or leaky ReLU and 1
 * elsewhere (He et al., ICCV 2015), divided by the gain of a tanh behind; residual branches start at a tenth, so that a deep body starts near the identity.
 * Biases start at 0, the last where an image of the input's mean gives that mean, through the inverse of a tanh or beside a bilinear enlargement; slopes at 1/4; batch normalisation at the
 * identity.
 *
 * @param seed any integer; the same seed gives the same bits
 */
export function initParams(graph: Graph, seed: number): Params {
  const params = new Map<string, Float32Array>();
  const byName = nodesByName(graph);
  const input = graph.nodes[0];
  const mean = input?.op === 'input' ? input.zeroPoint : [];
  const last = graph.nodes.findLast(({ op }) => op === 'conv2d') as Conv2dNode;
  for (const { name, shape, kind } of parameters(graph)) {
    const size = shape.reduce((a, b) => a * b, 1);
    const owner = name.slice(0, name.lastIndexOf('.'));
    if (kind === 'weight') {
      params.set(name, uniform(size, weightBound(graph, byName.get(owner) as Conv2dNode), `${seed}/${name}`));
    } else if (kind === 'bias') {
      const values = new Float32Array(size);
      const start = lastBias(graph, last);
      if (owner === last.name) for (let i = 0; i < size; i++) values[i] = start(mean[i % mean.length] ?? 0, i % 3);
      params.set(name, values);
    } else if (kind === 'slope') {
      params.set(name, new Float32Array(size).fill(SLOPE));
    } else if (name.endsWith('.gamma') || name.endsWith('.variance')) {
      params.set(name, new Float32Array(size).fill(1));
    } else {
      params.set(name, new Float32Array(size));
    }
  }
  return params;
}

/** From the grey level that the output is to have where all features are 0, to the last convolution's bias. */
function lastBias(graph: Graph, { name }: Conv2dNode): (level: number, colour: number) => number {
  const tanh = graph.nodes.find((node) => node.op === 'tanh' && node.input === name);
  if (tanh?.op !== 'tanh') return (level, colour) => level + (imageOffset(graph)[colour] as number);
  return (level) => Math.atanh(Math.min(TANH_START, Math.max(-TANH_START, (level - tanh.offset) / tanh.gain)));
}

function weightBound(graph: Graph, { name, kernel, inChannels }: Conv2dNode): number {
  const readers = graph.nodes.filter((node) => inputsOf(node).includes(name));
  const reads = (op: GraphNode['op']) => readers.find((reader) => reader.op === op);
  const tanh = reads('tanh');
  const isResidual = readers.some((reader) => reader.op === 'add' && reader.inputs[1] === name && name !== 'body.conv');
  const prelu = reads('prelu');
  const slope = prelu?.op === 'prelu' ? (prelu.constant ?? SLOPE) : 1;
  const gain = reads('relu') ? 2 : 2 / (1 + slope ** 2);
  const bound = Math.sqrt((3 * gain) / (kernel[0] * kernel[1] * inChannels));
  return (bound * (isResidual ? 0.1 : 1)) / (tanh?.op === 'tanh' ? tanh.gain : 1);
}

function uniform(size: number, bound: number, seed: string): Float32Array {
  const tensor = tf.randomUniform([size], -bound, bound, 'float32', seed);
  const values = Float32Array.from(tensor.dataSync());
  tensor.dispose();
  return values;
}
