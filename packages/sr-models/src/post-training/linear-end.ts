/** The linear maps of an EDSR with an image skip: what lies behind the body, and the enlargement, as graphs of their own and as responses to impulses. */
import * as tf from '@tensorflow/tfjs';
import { type Conv2dNode, type Graph, type GraphNode, inputsOf, makeGraph, type NodeOf } from '../graph.js';
import { type Params, toTensors } from '../params.js';
import { forward } from '../passes/forward.js';

/** The node that the upsampler reads: the sum of body and global skip. */
export const stream = 'body.add';

/** What lies behind the stream, as a graph that reads it in place of an image. */
export function linearEnd({ nodes, ...rest }: Graph): Graph {
  const sum = nodes.find(({ name }) => name === 'tail.add') as NodeOf<'add'>;
  const channels = (nodes.find(({ name }) => name === 'body.conv') as Conv2dNode).outChannels;
  const own = nodes
    .slice(nodes.findIndex(({ name }) => name === stream) + 1)
    .filter(({ op, name }) => op !== 'output' && op !== 'bilinear' && name !== sum.name && name !== sum.inputs[0]);
  return makeGraph({
    ...rest,
    nodes: [
      { op: 'input', name: stream, channels, zeroPoint: new Array<number>(channels).fill(0) },
      ...own,
      { op: 'output', name: 'output', input: sum.inputs[1] },
    ],
  });
}

/** The enlargement of the image, without its offset and the image's mean. */
export function enlargement({ nodes, ...rest }: Graph): Graph {
  const base = nodes.find((node) => node.op === 'bilinear') as NodeOf<'bilinear'>;
  const shuffle = nodes.find((node) => inputsOf(node).includes(base.name)) as GraphNode;
  const input = { op: 'input', name: base.input, channels: base.channels, zeroPoint: [0, 0, 0] } as const;
  const output = { op: 'output', name: 'output', input: shuffle.name } as const;
  return makeGraph({ ...rest, nodes: [input, { ...base, offset: [0, 0, 0] }, shuffle, output] });
}

/** How far a graph's output reaches into its input, in pixels of the input, on each side. */
export function reachOf({ nodes }: Graph): number {
  let [reach, factor] = [0, 1];
  for (const node of nodes) {
    if (node.op === 'conv2d') reach += (node.kernel[0] >> 1) / factor;
    if (node.op === 'bilinear') reach += 1;
    if (node.op === 'pixelShuffle') factor *= node.factor;
  }
  return Math.ceil(reach);
}

/** A linear map from the channels of pixels to the samples of an enlarged pixel. */
export interface Responses {
  /** Pixels on each side that a pixel reaches. */
  readonly reach: number;
  readonly channels: number;
  /** Samples of an enlarged pixel: `3 scale^2`. */
  readonly outputs: number;
  /** `[2 reach + 1, 2 reach + 1, channels, outputs]`: by where the enlarged pixel lies, seen from the pixel. */
  readonly values: Float64Array;
}

/** What a linear graph makes of an impulse in each channel; its biases count as 0. */
export function responsesOf(graph: Graph, params: Params): Responses {
  const { channels } = graph.nodes[0] as NodeOf<'input'>;
  const [reach, factor, outputs] = [reachOf(graph), graph.scale, 3 * graph.scale ** 2];
  const side = 2 * reach + 1;
  const silent = new Map(
    [...params].map(([name, values]) => [name, name.endsWith('.bias') ? new Float32Array(values.length) : values]),
  );
  const made = tf.tidy(() => {
    const impulses = tf.buffer([channels, side, side, channels]);
    for (let c = 0; c < channels; c++) impulses.set(1, c, reach, reach, c);
    const images = impulses.toTensor() as tf.Tensor4D;
    return forward(graph, images, { params: toTensors(graph, silent), mode: 'float' }).dataSync();
  });
  const values = new Float64Array(side ** 2 * channels * outputs);
  let from = 0;
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < side * factor; y++) {
      for (let x = 0; x < side * factor; x++) {
        const place = Math.floor(y / factor) * side + Math.floor(x / factor);
        const subpixel = (y % factor) * factor + (x % factor);
        const to = (place * channels + c) * outputs + subpixel * 3;
        for (let colour = 0; colour < 3; colour++) values[to + colour] = made[from++] as number;
      }
    }
  }
  return { reach, channels, outputs, values };
}
