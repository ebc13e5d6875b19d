/**
 * Regions: the parts of a quantized graph that are reconstructed one after the other. A region has one input, one output and at least one convolution, and may run as
 * a graph of its own.
 */
import { ModelError } from '../error.js';
import { type Conv2dNode, type Graph, type GraphNode, inputsOf, makeGraph, nodesByName } from '../graph.js';
import { shapes } from '../passes/shapes.js';

/** What is reconstructed at once: `layer`: each convolution alone; `block`: residual blocks as wholes, other convolutions alone. */
export type Granularity = 'layer' | 'block';

/** A part of a graph between two values. */
export interface Region {
  /** Name of the node that it ends with. */
  readonly name: string;
  /** Name of the node whose value it reads. */
  readonly source: string;
  /** The region as a graph: its input is the real value of `source`, its output that of `name`. */
  readonly graph: Graph;
  readonly convs: readonly Conv2dNode[];
}

/** Ops whose values are real numbers to which a region is cut: everything else passes levels or features on. */
function isCut({ op }: GraphNode): boolean {
  return op === 'conv2d' || op === 'add' || op === 'input';
}

/** All regions in the order of the graph; every convolution lies in exactly one. */
export function regionsOf(graph: Graph, granularity: Granularity): readonly Region[] {
  const byName = nodesByName(graph);
  const blocks = granularity === 'block' ? residualBlocks(graph, byName) : [];
  const inBlock = new Set(blocks.flatMap(({ convs }) => convs.map(({ name }) => name)));
  const layers = graph.nodes
    .filter((node): node is Conv2dNode => node.op === 'conv2d' && !inBlock.has(node.name))
    .map((conv) => region(graph, sourceOf(conv.input, byName), conv.name));
  const order = new Map(graph.nodes.map(({ name }, i) => [name, i]));
  return [...blocks, ...layers].sort((a, b) => (order.get(a.name) as number) - (order.get(b.name) as number));
}

/** The value that a name stands for, past what passes it on: a convolution's, an add's or the input's. */
export function sourceOf(name: string, byName: ReadonlyMap<string, GraphNode>): string {
  const node = byName.get(name) as GraphNode;
  return isCut(node) ? name : sourceOf(inputsOf(node)[0] as string, byName);
}

/**
 * The part of a graph from one value to another, as a graph.
 *
 * @throws ModelError when `to` also depends on the graph's input in another way
 */
export function region(graph: Graph, from: string, to: string): Region {
  const byName = nodesByName(graph);
  const needed = new Set<string>();
  const visit = (name: string): void => {
    if (name === from || needed.has(name)) return;
    const node = byName.get(name) as GraphNode;
    if (node.op === 'input') {
      throw new ModelError(
        'region',
        `${to} must depend on ${from} alone, got another way from ${name}`,
        'cut elsewhere',
      );
    }
    needed.add(name);
    for (const input of inputsOf(node)) visit(input);
  };
  visit(to);
  const nodes = graph.nodes.filter(({ name }) => needed.has(name));
  const source = byName.get(from) as GraphNode;
  const channels = shapes(graph).get(from)?.channels as number;
  const input: GraphNode =
    source.op === 'input'
      ? source
      : { op: 'input', name: from, channels, zeroPoint: new Array<number>(channels).fill(0) };
  const output: GraphNode = { op: 'output', name: `${to}:end`, input: to };
  return {
    name: to,
    source: from,
    graph: makeGraph({ name: to, scale: 1, nodes: [input, ...nodes, output] }),
    convs: nodes.filter((node): node is Conv2dNode => node.op === 'conv2d'),
  };
}

/** Adds of a value and convolutions of that same value, with no other add between. */
function residualBlocks(graph: Graph, byName: ReadonlyMap<string, GraphNode>): readonly Region[] {
  const blocks: Region[] = [];
  for (const node of graph.nodes) {
    if (node.op !== 'add') continue;
    const [a, b] = node.inputs.map((name) => sourceOf(name, byName)) as [string, string];
    const source = convsBetween(b, a, byName) ? a : convsBetween(a, b, byName) ? b : null;
    if (source !== null) blocks.push(region(graph, source, node.name));
  }
  return blocks;
}

/** Whether a value is convolutions of another, one after the other. */
function convsBetween(name: string, source: string, byName: ReadonlyMap<string, GraphNode>): boolean {
  if (name === source) return true;
  const node = byName.get(name) as GraphNode;
  return node.op === 'conv2d' && convsBetween(sourceOf(node.input, byName), source, byName);
}
