/**
 * The graph: a network as a list of named nodes, each after the nodes it reads. Frozen data; everything else is a pass over it.
 *
 * Layout is NHWC. Values are grey levels: the input image is 0..255, the output image is 0..255.
 */
import type { QuantSpec, Role } from '@fqsr/quant-core/spec';
import { ModelError } from './error.js';

/** The RGB image, 0..255, minus an integer mean for each channel: `x - zeroPoint`. */
export interface InputNode {
  readonly op: 'input';
  readonly name: string;
  readonly channels: number;
  readonly zeroPoint: readonly number[];
}

/**
 * Stride-1 convolution with `same` zero padding and a bias: parameters `<name>.weight` (HWIO) and `<name>.bias`.
 * `weights` is the spec of the weights in a quantized graph, `null` for float.
 */
export interface Conv2dNode {
  readonly op: 'conv2d';
  readonly name: string;
  readonly input: string;
  readonly kernel: readonly [number, number];
  readonly inChannels: number;
  readonly outChannels: number;
  readonly weights: QuantSpec | null;
}

/** `max(x, 0)`. */
export interface ReluNode {
  readonly op: 'relu';
  readonly name: string;
  readonly input: string;
}

/**
 * `x` where it is positive, `slope * x` elsewhere: parameter `<name>.slope` of `slopes` entries. Channel `c` has entry `c % slopes`: in front of a `dcr` pixel
 * shuffle, that is one slope for each channel behind it. With a `constant` slope, a leaky ReLU, there is no parameter.
 */
export interface PreluNode {
  readonly op: 'prelu';
  readonly name: string;
  readonly input: string;
  readonly slopes: number;
  /** The slope of all channels, where it is not learned. */
  readonly constant?: number;
}

/**
 * Batch normalisation, for float networks in training: `gamma * (x - mean) / sqrt(variance + epsilon) + beta`, parameters `<name>.gamma`, `.beta` (learned),
 * `.mean` and `.variance` (running statistics). `foldBatchNorm` takes it out before a network is quantized.
 */
export interface BatchNormNode {
  readonly op: 'batchNorm';
  readonly name: string;
  readonly input: string;
  readonly channels: number;
  readonly epsilon: number;
}

/** `gain * tanh(x) + offset`: the output of SRGAN's generator, in grey levels. In integers a table of the accumulator, so nothing is stored before it. */
export interface TanhNode {
  readonly op: 'tanh';
  readonly name: string;
  readonly input: string;
  readonly gain: number;
  readonly offset: number;
}

/** The skip: `a + b`. */
export interface AddNode {
  readonly op: 'add';
  readonly name: string;
  readonly inputs: readonly [string, string];
}

/** `x * factor`: the residual scaling of wide networks. Free in integers, since it only changes the step. */
export interface ScaleNode {
  readonly op: 'scale';
  readonly name: string;
  readonly input: string;
  readonly factor: number;
}

/**
 * Channels into space: `[h, w, c * f * f]` to `[h * f, w * f, c]`.
 * `dcr` (TensorFlow's depthToSpace): input channel `(dy * f + dx) * c + k`.
 */
export interface PixelShuffleNode {
  readonly op: 'pixelShuffle';
  readonly name: string;
  readonly input: string;
  readonly factor: number;
  readonly order: 'dcr';
}

/**
 * The subpixels of a bilinear enlargement of the image (PyTorch's `interpolate`, `align_corners=False`: outside the image its nearest pixel counts), minus `offset`, in
 * front of the `dcr` pixel shuffle that places them: `[h, w, c]` to `[h, w, factor^2 * c]`. No parameters; weights that are integers over 16, 9 or 64 (see
 * `passes/bilinear.ts`), so of the image it makes integers.
 */
export interface BilinearNode {
  readonly op: 'bilinear';
  readonly name: string;
  /** The input node. */
  readonly input: string;
  /** Channels of the input. */
  readonly channels: number;
  /** 2, 3 or 4. */
  readonly factor: number;
  /** Whole grey levels of each channel that are taken off, and that the network adds (see `image-part.ts`). */
  readonly offset: readonly number[];
}

/** A place where values become levels of a grid. Nodes that share `quantizer` share one learned step. */
export interface QuantizeNode {
  readonly op: 'quantize';
  readonly name: string;
  readonly input: string;
  /** Prefix of the quantizer's parameters, e.g. `body.0.add.skip` owns `body.0.add.skip.logStep`. */
  readonly quantizer: string;
  readonly role: Role;
  readonly spec: QuantSpec;
}

/** The RGB image, 0..255. */
export interface OutputNode {
  readonly op: 'output';
  readonly name: string;
  readonly input: string;
}

export type GraphNode =
  | InputNode
  | Conv2dNode
  | ReluNode
  | PreluNode
  | BatchNormNode
  | TanhNode
  | AddNode
  | ScaleNode
  | PixelShuffleNode
  | BilinearNode
  | QuantizeNode
  | OutputNode;

export type GraphOp = GraphNode['op'];

/** The node type of an op. */
export type NodeOf<Op extends GraphOp> = Extract<GraphNode, { readonly op: Op }>;

/** A network. */
export interface Graph {
  readonly name: string;
  /** Upscaling factor. */
  readonly scale: number;
  readonly nodes: readonly GraphNode[];
}

/** The names of the nodes that a node reads. */
export function inputsOf(node: GraphNode): readonly string[] {
  if (node.op === 'input') return [];
  return node.op === 'add' ? node.inputs : [node.input];
}

/** A table with one entry for each op, which sees its own node type. A missing op does not compile. */
export type OpTable<Args extends readonly unknown[], Result> = {
  readonly [Op in GraphOp]: (node: NodeOf<Op>, ...args: Args) => Result;
};

/** Applies the entry of the node's op. */
export function dispatch<Args extends readonly unknown[], Result>(
  table: OpTable<Args, Result>,
  node: GraphNode,
  ...args: Args
): Result {
  const entry = table[node.op] as (node: GraphNode, ...args: Args) => Result;
  return entry(node, ...args);
}

/** Nodes by name. */
export function nodesByName(graph: Graph): ReadonlyMap<string, GraphNode> {
  return new Map(graph.nodes.map((node) => [node.name, node]));
}

/**
 * Checks names and order, and freezes the graph.
 *
 * @throws ModelError for a name used twice, a node that reads an unknown or later one, a bilinear enlargement of anything but the image, or not exactly one input (first)
 * and output (last)
 */
export function makeGraph(graph: Graph): Graph {
  const seen = new Set<string>();
  for (const node of graph.nodes) {
    if (seen.has(node.name)) {
      throw new ModelError('makeGraph', `node names must be unique, got "${node.name}" twice`, 'rename one');
    }
    for (const name of inputsOf(node)) {
      if (!seen.has(name)) {
        throw new ModelError('makeGraph', `${node.name} must read earlier nodes, got "${name}"`, 'reorder the nodes');
      }
    }
    if (node.op === 'bilinear' && node.input !== graph.nodes[0]?.name) {
      throw new ModelError('makeGraph', `${node.name} must read the image, got "${node.input}"`, 'enlarge the input');
    }
    seen.add(node.name);
  }
  const ends = graph.nodes.filter(({ op }) => op === 'input' || op === 'output').map(({ op }) => op);
  if (ends.join() !== 'input,output' || graph.nodes[0]?.op !== 'input' || graph.nodes.at(-1)?.op !== 'output') {
    throw new ModelError('makeGraph', 'a graph must start with its one input and end with its one output', 'reorder');
  }
  for (const node of graph.nodes) Object.freeze(node);
  return Object.freeze({ ...graph, nodes: Object.freeze([...graph.nodes]) });
}
