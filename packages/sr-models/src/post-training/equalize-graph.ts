/** Cross-layer equalization of a float graph: the pass over `equalizeChain`. */
import { equalizeChain, type Layer } from '@fqsr/quant-core';
import { type Conv2dNode, type Graph, type GraphNode, type GraphOp, inputsOf } from '../graph.js';
import type { Params } from '../params.js';

/** Ops with `f(s x) = s f(x)` for every `s > 0` of each channel. */
const homogeneous: Partial<Record<GraphOp, true>> = { relu: true, scale: true };

/**
 * Parameters of the same float function, with the ranges of weights balanced between convolutions that follow each other directly or through ReLU and are read by
 * nothing else (Nagel et al., ICCV 2019).
 *
 * @param graph a float graph
 */
export function equalizeGraph(graph: Graph, params: Params): Params {
  const equalized = new Map(params);
  for (const chain of chainsOf(graph)) {
    const { layers } = equalizeChain(chain.map((conv) => layerOf(conv, equalized)));
    for (const [i, { name }] of chain.entries()) {
      equalized.set(`${name}.weight`, (layers[i] as Layer).weights);
      equalized.set(`${name}.bias`, (layers[i] as Layer).bias);
    }
  }
  return equalized;
}

/** The longest runs of two convolutions or more that may be equalized. */
export function chainsOf(graph: Graph): readonly (readonly Conv2dNode[])[] {
  const readers = new Map<string, GraphNode[]>();
  for (const node of graph.nodes) {
    for (const input of inputsOf(node)) readers.set(input, [...(readers.get(input) ?? []), node]);
  }
  const nextOf = (name: string): Conv2dNode | null => {
    const [reader, ...others] = readers.get(name) ?? [];
    if (!reader || others.length > 0) return null;
    if (reader.op === 'conv2d') return reader;
    return homogeneous[reader.op] ? nextOf(reader.name) : null;
  };
  const chains: Conv2dNode[][] = [];
  const seen = new Set<string>();
  for (const node of graph.nodes) {
    if (node.op !== 'conv2d' || seen.has(node.name)) continue;
    const chain: Conv2dNode[] = [];
    for (let conv: Conv2dNode | null = node; conv; conv = nextOf(conv.name)) {
      chain.push(conv);
      seen.add(conv.name);
    }
    if (chain.length > 1) chains.push(chain);
  }
  return chains;
}

function layerOf({ name, inChannels, outChannels }: Conv2dNode, params: Params): Layer {
  const weights = params.get(`${name}.weight`) as Float32Array;
  return { weights, bias: params.get(`${name}.bias`) as Float32Array, inChannels, outChannels };
}
