/** Rotation of the feature maps of a float graph that only linear ops make and read: the pass over the tools of `@fqsr/quant-core`. */
import { type Layer, randomRotation, rotateInputs, rotateOutputs } from '@fqsr/quant-core';
import { type Conv2dNode, type Graph, type GraphOp, inputsOf } from '../graph.js';
import type { Params } from '../params.js';

/** Ops with `f(R x) = R f(x)` for every matrix `R` over channels; behind a pixel shuffle over the channels that it leaves. */
const linear: Partial<Record<GraphOp, true>> = { add: true, scale: true, pixelShuffle: true };

/** Feature maps whose channels can only be rotated together, with the convolutions that make and read them. */
export interface ChannelSpace {
  readonly makers: readonly Conv2dNode[];
  readonly readers: readonly Conv2dNode[];
  /** Channels of the narrowest of its feature maps. */
  readonly channels: number;
}

/**
 * Parameters of the same float function, with every {@link ChannelSpace} rotated at random. In EDSR that is all but what lies between a block's convolutions: the residual stream
 * from the head to the upsampler, and each map of the upsampler. Where a PReLU stands in the stream, as in SRResNet, the stream stays as it is.
 *
 * @param graph a float graph
 * @param seed of all rotations
 */
export function rotateGraph(graph: Graph, params: Params, seed: number): Params {
  const rotated = new Map(params);
  for (const [i, { makers, readers, channels }] of channelSpaces(graph).entries()) {
    const rotation = randomRotation(channels, seed * 65_537 + i);
    for (const { name, inChannels, outChannels } of makers) {
      const { weights, bias } = rotateOutputs({ ...layerOf(name, rotated), inChannels, outChannels }, rotation);
      rotated.set(`${name}.weight`, weights);
      rotated.set(`${name}.bias`, bias);
    }
    for (const { name, inChannels, outChannels } of readers) {
      const { weights } = rotateInputs({ ...layerOf(name, rotated), inChannels, outChannels }, rotation);
      rotated.set(`${name}.weight`, weights);
    }
  }
  return rotated;
}

/** All spaces that may be rotated, in the order of the graph. */
export function channelSpaces({ nodes }: Graph): readonly ChannelSpace[] {
  const home = new Map(nodes.map(({ name }) => [name, name]));
  const root = (name: string): string => {
    const next = home.get(name) as string;
    return next === name ? name : root(next);
  };
  for (const node of nodes) {
    if (linear[node.op]) for (const input of inputsOf(node)) home.set(root(input), root(node.name));
  }
  const spaces = new Map<string, { makers: Conv2dNode[]; readers: Conv2dNode[]; fixed: boolean }>();
  const spaceOf = (name: string) => {
    const known = spaces.get(root(name)) ?? { makers: [], readers: [], fixed: false };
    spaces.set(root(name), known);
    return known;
  };
  for (const node of nodes) {
    if (linear[node.op]) continue;
    const own = spaceOf(node.name);
    if (node.op === 'conv2d') {
      own.makers.push(node);
      spaceOf(node.input).readers.push(node);
    } else {
      own.fixed = true;
      for (const input of inputsOf(node)) spaceOf(input).fixed = true;
    }
  }
  return [...spaces.values()]
    .filter(({ fixed, readers }) => !fixed && readers.length > 0)
    .map(({ makers, readers }) => {
      const counts = [...makers.map(({ outChannels }) => outChannels), ...readers.map(({ inChannels }) => inChannels)];
      return { makers, readers, channels: Math.min(...counts) };
    });
}

const layerOf = (name: string, params: Params): Pick<Layer, 'weights' | 'bias'> => ({
  weights: params.get(`${name}.weight`) as Float32Array,
  bias: params.get(`${name}.bias`) as Float32Array,
});
