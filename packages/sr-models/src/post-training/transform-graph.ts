/** Changes of basis of the feature maps of a float graph that only linear ops make and read: the pass over the tools of `@fqsr/quant-core`. */
import { type ChannelTransform, type Layer, randomRotation, transformInputs, transformOutputs } from '@fqsr/quant-core';
import { type Conv2dNode, type Graph, type GraphOp, inputsOf } from '../graph.js';
import type { Params } from '../params.js';

/** Ops with `f(M x) = M f(x)` for every matrix `M` over channels; behind a pixel shuffle over the channels that it leaves. */
const linear: Partial<Record<GraphOp, true>> = { add: true, scale: true, pixelShuffle: true };

/** Feature maps whose channels can only change together, with the convolutions that make and read them. */
export interface ChannelSpace {
  readonly makers: readonly Conv2dNode[];
  readonly readers: readonly Conv2dNode[];
  /** Channels of the narrowest of its feature maps. */
  readonly channels: number;
}

/**
 * Parameters of the same float function, with the channels of every {@link ChannelSpace} in another basis. In EDSR that is all but what lies between a block's convolutions: the residual stream from
 * the head to the upsampler, and each map of the upsampler. Where a PReLU stands in the stream, as in SRResNet, the stream stays as it is.
 *
 * @param graph a float graph
 * @param transformOf of each space, in the order of the graph
 */
export function transformGraph(
  graph: Graph,
  params: Params,
  transformOf: (space: ChannelSpace, index: number) => ChannelTransform,
): Params {
  const changed = new Map(params);
  for (const [index, space] of channelSpaces(graph).entries()) {
    const transform = transformOf(space, index);
    for (const { name, inChannels, outChannels } of space.makers) {
      const layer = { ...layerOf(name, changed), inChannels, outChannels };
      const { weights, bias } = transformOutputs(layer, transform);
      changed.set(`${name}.weight`, weights);
      changed.set(`${name}.bias`, bias);
    }
    for (const { name, inChannels, outChannels } of space.readers) {
      const { weights } = transformInputs({ ...layerOf(name, changed), inChannels, outChannels }, transform);
      changed.set(`${name}.weight`, weights);
    }
  }
  return changed;
}

/** {@link transformGraph} by random rotations: the seed decides all of them. */
export function rotateGraph(graph: Graph, params: Params, seed: number): Params {
  return transformGraph(graph, params, ({ channels }, index) => randomRotation(channels, seedOf(seed, index)));
}

/** The seed of a space's rotation. */
export function seedOf(seed: number, index: number): number {
  return seed * 65_537 + index;
}

/** All spaces that may be changed, in the order of the graph. */
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
