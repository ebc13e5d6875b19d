/** Cross-layer equalization of a float graph: the pass over the tools of `@fqsr/quant-core`. */
import { equalizationScales, incomingRanges, type Layer, outgoingRanges, rescalePair } from '@fqsr/quant-core';
import { type Conv2dNode, type Graph, type GraphNode, type GraphOp, inputsOf } from '../graph.js';
import type { Params } from '../params.js';

/** Ops with `f(s x) = s f(x)` for every `s > 0` of each channel. */
const homogeneous: Partial<Record<GraphOp, true>> = { relu: true, prelu: true, scale: true, pixelShuffle: true };

/** Rounds over all pairs, at most, and the scale that still counts as 1. */
const [ROUNDS, SETTLED] = [100, 1e-3];

/** Two convolutions of which the second alone reads the first. */
export interface ConvPair {
  readonly first: Conv2dNode;
  readonly second: Conv2dNode;
}

/**
 * Parameters of the same float function, with ranges balanced between convolutions that follow each other through ReLU, scaling and pixel shuffles: `s = sqrt(r1 / r2)`
 * (Nagel et al., ICCV 2019), pair by pair until nothing moves.
 *
 * Without `activations`, `r1` is the greatest weight that makes a channel. With them it is the greatest magnitude that the channel takes where the second convolution reads it, as
 * in SmoothQuant (Xiao et al., ICML 2023, with alpha = 1/2): one grid for all channels of a feature map then fits each of them.
 *
 * @param graph a float graph
 * @param activations `max |x|` of each input channel, by name of the second convolution; pairs without are left as they are
 */
export function equalizeGraph(graph: Graph, params: Params, activations?: ReadonlyMap<string, Float32Array>): Params {
  const equalized = new Map(params);
  const ranges = new Map(activations);
  const pairs = pairsOf(graph).filter(({ second }) => !activations || activations.has(second.name));
  for (let round = 0, farthest = Number.POSITIVE_INFINITY; round < ROUNDS && farthest > SETTLED; round++) {
    farthest = 0;
    for (const { first, second } of pairs) {
      const [maker, reader] = [layerOf(first, equalized, second.inChannels), layerOf(second, equalized)];
      const made = ranges.get(second.name) ?? outgoingRanges(maker);
      const scales = equalizationScales(made, incomingRanges(reader));
      for (const scale of scales) farthest = Math.max(farthest, Math.abs(Math.log(scale)));
      if (activations) {
        ranges.set(
          second.name,
          made.map((range, channel) => range / (scales[channel] as number)),
        );
      }
      const [newMaker, newReader] = rescalePair(maker, reader, scales);
      equalized.set(`${first.name}.weight`, newMaker.weights);
      equalized.set(`${first.name}.bias`, newMaker.bias);
      equalized.set(`${second.name}.weight`, newReader.weights);
    }
  }
  return equalized;
}

/** All pairs whose channels between may be scaled, in the order of the graph. */
export function pairsOf(graph: Graph): readonly ConvPair[] {
  const readers = new Map<string, GraphNode[]>();
  for (const node of graph.nodes) {
    for (const input of inputsOf(node)) readers.set(input, [...(readers.get(input) ?? []), node]);
  }
  const readerOf = (name: string): Conv2dNode | null => {
    const [reader, ...others] = readers.get(name) ?? [];
    if (!reader || others.length > 0) return null;
    if (reader.op === 'conv2d') return reader;
    return homogeneous[reader.op] ? readerOf(reader.name) : null;
  };
  return graph.nodes.flatMap((first) => {
    const second = first.op === 'conv2d' ? readerOf(first.name) : null;
    return first.op === 'conv2d' && second ? [{ first, second }] : [];
  });
}

/** @param outChannels channels behind a pixel shuffle, where one follows */
function layerOf(conv: Conv2dNode, params: Params, outChannels = conv.outChannels): Layer {
  const weights = params.get(`${conv.name}.weight`) as Float32Array;
  const bias = params.get(`${conv.name}.bias`) as Float32Array;
  return { weights, bias, inChannels: conv.inChannels, outChannels };
}
