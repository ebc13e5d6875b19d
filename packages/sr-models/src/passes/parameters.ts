/** The parameter pass: the name, shape and kind of everything that a graph learns. */
import { quantizerByName } from '@fqsr/quant-core';
import type { QuantSpec } from '@fqsr/quant-core/spec';
import { type Conv2dNode, dispatch, type Graph, type OpTable, type QuantizeNode } from '../graph.js';
import { type Shape, shapes } from './shapes.js';

/** One learned tensor. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** `slope` of a PReLU, `norm` learned by batch normalisation, `statistic` observed by it and not learned. */
  readonly kind: 'weight' | 'bias' | 'slope' | 'norm' | 'statistic' | 'quantizer';
}

const none = (): readonly Parameter[] => [];

const rules: OpTable<[ReadonlyMap<string, Shape>], readonly Parameter[]> = {
  input: none,
  relu: none,
  tanh: none,
  add: none,
  scale: none,
  pixelShuffle: none,
  bilinear: none,
  output: none,
  prelu: ({ name, slopes, constant }) =>
    constant === undefined ? [{ name: `${name}.slope`, shape: [slopes], kind: 'slope' }] : [],
  batchNorm: ({ name, channels }) => [
    { name: `${name}.gamma`, shape: [channels], kind: 'norm' },
    { name: `${name}.beta`, shape: [channels], kind: 'norm' },
    { name: `${name}.mean`, shape: [channels], kind: 'statistic' },
    { name: `${name}.variance`, shape: [channels], kind: 'statistic' },
  ],
  conv2d: (node) => [
    {
      name: `${node.name}.weight`,
      shape: [...node.kernel, node.inChannels, node.outChannels],
      kind: 'weight',
    },
    { name: `${node.name}.bias`, shape: [node.outChannels], kind: 'bias' },
    ...(node.weights ? quantizerParameters(`${node.name}.weight`, node.weights, node.outChannels) : []),
  ],
  quantize: ({ name, quantizer, spec }, shapeOf) => quantizerParameters(quantizer, spec, channelsOf(name, shapeOf)),
};

/** The parameters of a graph in the order of its nodes; shared quantizers once. */
export function parameters(graph: Graph): readonly Parameter[] {
  const byName = new Map<string, Parameter>();
  const shapeOf = shapes(graph);
  for (const node of graph.nodes) {
    for (const parameter of dispatch(rules, node, shapeOf)) byName.set(parameter.name, parameter);
  }
  return [...byName.values()];
}

function quantizerParameters(prefix: string, spec: QuantSpec, channels: number): readonly Parameter[] {
  return Object.entries(quantizerByName(spec.quantizer).params).map(([param, size]) => ({
    name: `${prefix}.${param}`,
    shape: [size === 'channel' ? channels : stepCount(spec, channels)],
    kind: 'quantizer',
  }));
}

function stepCount({ granularity }: QuantSpec, channels: number): number {
  return granularity === 'channel' ? channels : 1;
}

function channelsOf(name: string, shapeOf: ReadonlyMap<string, Shape>): number {
  return (shapeOf.get(name) as Shape).channels;
}

/** One learned grid of a graph: what it quantizes, under which spec, and how many steps it has. */
export interface Quantizable {
  /** Prefix of its parameters. */
  readonly key: string;
  readonly spec: QuantSpec;
  readonly node: Conv2dNode | QuantizeNode;
  /** Steps: 1, or one for each channel. */
  readonly steps: number;
  readonly channels: number;
}

/** All learned grids of a graph, shared ones once. */
export function quantizables(graph: Graph): readonly Quantizable[] {
  const byKey = new Map<string, Quantizable>();
  const shapeOf = shapes(graph);
  for (const node of graph.nodes) {
    if (node.op === 'quantize') {
      const channels = channelsOf(node.name, shapeOf);
      const { quantizer: key, spec } = node;
      byKey.set(key, { key, spec, node, steps: stepCount(spec, channels), channels });
    } else if (node.op === 'conv2d' && node.weights) {
      const key = `${node.name}.weight`;
      const channels = node.outChannels;
      byKey.set(key, { key, spec: node.weights, node, steps: stepCount(node.weights, channels), channels });
    }
  }
  return [...byKey.values()];
}
