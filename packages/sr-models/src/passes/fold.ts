/**
 * The folding pass: batch normalisation becomes part of the convolution in front of it, so that a network can be quantized.
 *
 * `gamma * (conv(x) + b - mean) / sqrt(variance + epsilon) + beta` is a convolution with weights `w * f` and bias `(b - mean) * f + beta`, with the factor
 * `f = gamma / sqrt(variance + epsilon)` of each output channel. Computed in float64.
 */
import { ModelError } from '../error.js';
import { type BatchNormNode, type Graph, type GraphNode, inputsOf, makeGraph, nodesByName } from '../graph.js';
import { checkParams, type Params } from '../params.js';

/** A graph with its parameters. */
export interface Network {
  readonly graph: Graph;
  readonly params: Params;
}

/**
 * Folds every batch normalisation. Networks without one come back as they are.
 *
 * @returns a graph of the same function, up to float32 rounding, whose convolutions keep their names
 * @throws ModelError for a normalisation that is not alone behind a convolution, or parameters of another graph
 *
 * @example
 * const { graph, params } = foldBatchNorm(buildGraph(model), trained);
 * quantizeGraph(graph, planFromPreset('w8a8s8'));
 */
export function foldBatchNorm(graph: Graph, params: Params): Network {
  const folded = foldGraph(graph);
  if (folded === graph) return { graph, params };
  checkParams(graph, params);
  const kept = new Map(params);
  for (const node of graph.nodes) {
    if (node.op !== 'batchNorm') continue;
    const part = (name: string) => params.get(`${node.name}.${name}`) as Float32Array;
    const [gamma, beta, mean, variance] = [part('gamma'), part('beta'), part('mean'), part('variance')];
    const factor = Float64Array.from(gamma, (g, c) => g / Math.sqrt((variance[c] as number) + node.epsilon));
    const weight = params.get(`${node.input}.weight`) as Float32Array;
    const bias = params.get(`${node.input}.bias`) as Float32Array;
    kept.set(
      `${node.input}.weight`,
      weight.map((w, i) => w * (factor[i % factor.length] as number)),
    );
    kept.set(
      `${node.input}.bias`,
      bias.map((b, c) => (b - (mean[c] as number)) * (factor[c] as number) + (beta[c] as number)),
    );
    for (const name of ['gamma', 'beta', 'mean', 'variance']) kept.delete(`${node.name}.${name}`);
  }
  return { graph: folded, params: kept };
}

/** The graph alone, without its batch normalisations; the same object where there are none. */
export function foldGraph(graph: Graph): Graph {
  const norms = new Map(graph.nodes.flatMap((node) => (node.op === 'batchNorm' ? [[node.name, node] as const] : [])));
  if (norms.size === 0) return graph;
  for (const node of norms.values()) demandFoldable(graph, node);
  const past = (name: string): string => norms.get(name)?.input ?? name;
  const nodes = graph.nodes.filter(({ op }) => op !== 'batchNorm').map((node) => redirect(node, past));
  return makeGraph({ ...graph, nodes });
}

function demandFoldable(graph: Graph, { name, input }: BatchNormNode): void {
  const producer = nodesByName(graph).get(input);
  const readers = graph.nodes.filter((node) => inputsOf(node).includes(input));
  if (producer?.op === 'conv2d' && producer.weights === null && readers.length === 1) return;
  throw new ModelError(
    'foldBatchNorm',
    `${name} must be the only reader of a float convolution, got ${input} (${producer?.op}) with ${readers.length} readers`,
    'move it behind a convolution of its own',
  );
}

function redirect(node: GraphNode, past: (name: string) => string): GraphNode {
  if (node.op === 'input') return node;
  if (node.op === 'add') return { ...node, inputs: [past(node.inputs[0]), past(node.inputs[1])] };
  return { ...node, input: past(node.input) };
}
