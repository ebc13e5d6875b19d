/** The float network behind any graph, in the few operations that every inference engine has: what float exports write. */
import { ModelError } from '../error.js';
import { type Graph, type GraphNode, type GraphOp, inputsOf, makeGraph, type NodeOf, nodesByName } from '../graph.js';
import type { Params } from '../params.js';
import { foldBatchNorm, type Network } from '../passes/fold.js';
import { parameters } from '../passes/parameters.js';

/** Operations of a float network whose batch normalisation is folded. */
export type FloatOp = Exclude<GraphOp, 'quantize' | 'batchNorm'>;

/** A node of such a network. */
export type FloatNode = NodeOf<FloatOp>;

/** A table with one entry for each operation of a float network. A missing one does not compile. */
export type FloatTable<Args extends readonly unknown[], Result> = {
  readonly [Op in FloatOp]: (node: NodeOf<Op>, ...args: Args) => Result;
};

/** Applies the entry of the node's op. */
export function dispatchFloat<Args extends readonly unknown[], Result>(
  table: FloatTable<Args, Result>,
  node: FloatNode,
  ...args: Args
): Result {
  const entry = table[node.op] as (node: FloatNode, ...args: Args) => Result;
  return entry(node, ...args);
}

/** The nodes of a float network. @throws ModelError for a quantizer or a batch normalisation */
export function floatNodes({ nodes }: Graph, where: string): readonly FloatNode[] {
  return nodes.map((node) => {
    if (node.op !== 'quantize' && node.op !== 'batchNorm') return node;
    throw new ModelError(
      where,
      `graph must be float and folded, got ${node.name} (${node.op})`,
      'give floatNetwork(...)',
    );
  });
}

/**
 * The graph without its quantizers. Where an unsigned grid without a zero point is not the output's, its clamp at zero stays as a ReLU, as in graphs raised from
 * integers; there it is what is left of one.
 */
export function floatGraph(graph: Graph): Graph {
  const byName = nodesByName(graph);
  const renamed = new Map<string, string>();
  const past = (name: string): string => renamed.get(name) ?? name;
  const nodes: GraphNode[] = [];
  for (const node of graph.nodes) {
    if (node.op !== 'quantize') {
      nodes.push(node.op === 'conv2d' ? { ...redirect(node, past), weights: null } : redirect(node, past));
    } else if (clampsAtZero(node, byName)) {
      nodes.push({ op: 'relu', name: node.name, input: past(node.input) });
    } else {
      renamed.set(node.name, past(node.input));
    }
  }
  return makeGraph({ ...graph, nodes });
}

/**
 * The float network behind a graph with its parameters: without quantizers, batch normalisation folded. The parameters of quantizers are dropped.
 *
 * @example
 * const { graph, params } = floatNetwork(graphOf(checkpoint), checkpoint.params);
 * toFloatOnnx(graph, params);
 */
export function floatNetwork(graph: Graph, params: Params): Network {
  const float = floatGraph(graph);
  const own = new Map(parameters(float).map(({ name }) => [name, params.get(name) as Float32Array]));
  return foldBatchNorm(float, own);
}

function clampsAtZero({ spec, role, input }: NodeOf<'quantize'>, byName: ReadonlyMap<string, GraphNode>): boolean {
  if (spec.signed || spec.affine || spec.grid !== 'midtread' || role === 'outputs') return false;
  return byName.get(input)?.op === 'conv2d';
}

function redirect<Node extends GraphNode>(node: Node, past: (name: string) => string): Node {
  const inputs = inputsOf(node).map(past);
  if (node.op === 'add') return { ...node, inputs };
  return inputs.length > 0 ? { ...node, input: inputs[0] } : node;
}
