/**
 * The quantization pass: from a float graph and a plan to a graph with explicit `quantize` nodes, on which forward, audit and lowering agree.
 *
 * - every convolution input becomes levels (role `activations`), but for the image, which is integers already
 * - both inputs of every add become levels of one shared grid (role `skips`); where one is an enlargement of the image and the plan has 8 bits, of whole grey levels, which lose nothing more
 * - the image that leaves the network becomes levels (role `outputs`)
 * - every convolution's weights get a spec (role `weights`)
 *
 * A per-tensor grid commutes with a pixel shuffle, so quantization moves in front of it: what is stored is always levels.
 */
import { checkSpec, quantizerByName } from '@fqsr/quant-core';
import {
  makeSpec,
  type Placement,
  type QuantPlan,
  type QuantSpec,
  type Role,
  specFor,
  unmatchedOverrides,
} from '@fqsr/quant-core/spec';
import { ModelError } from '../error.js';
import { type Graph, type GraphNode, inputsOf, makeGraph, nodesByName, type QuantizeNode } from '../graph.js';
import { imagePartSpec } from '../image-part.js';

/** Where a quantizer goes and what it is for. */
interface Place {
  readonly owner: string;
  readonly slot: string;
  readonly role: Role;
  readonly quantizer: string;
  readonly nonNegative: boolean;
  readonly oneStep?: boolean;
  /** A part of the image, in grey levels. */
  readonly isImage?: boolean;
}

/** The ops whose inputs this pass quantizes. */
const readsLevels = { conv2d: true, add: true, output: true };

/**
 * Places a plan's quantizers in a graph.
 *
 * @param graph a float graph
 * @returns a new graph; node names of the float graph are kept
 * @throws ModelError when an override of the plan matches no node, or the graph is quantized already
 */
export function quantizeGraph(graph: Graph, plan: QuantPlan): Graph {
  if (graph.nodes.some(({ op }) => op === 'quantize')) {
    throw new ModelError(
      'quantizeGraph',
      'graph must be a float graph, got one with quantize nodes',
      'start from float',
    );
  }
  const norm = graph.nodes.find(({ op }) => op === 'batchNorm');
  if (norm) {
    throw new ModelError(
      'quantizeGraph',
      `graph must have no batch normalisation, got ${norm.name}`,
      'fold it first: foldBatchNorm',
    );
  }
  for (const { pattern, role } of unmatchedOverrides(plan, placements(graph))) {
    const owners = placements(graph).filter((place) => place.role === role);
    throw new ModelError(
      'quantizeGraph',
      `plan "${plan.name}": pattern "${pattern}" matches no node with ${role}`,
      `nodes: ${owners.map(({ node }) => node).join(', ')}`,
    );
  }
  const byName = nodesByName(graph);
  const nodes: GraphNode[] = [];

  const quantized = (input: string, at: Place): string => {
    const { owner, slot, role, quantizer, nonNegative, oneStep = false, isImage = false } = at;
    const producer = byName.get(input) as GraphNode;
    if (producer.op === 'input') return input;
    if (producer.op === 'pixelShuffle') {
      const name = nodes.some((node) => node.name === producer.name) ? `${producer.name}.${owner}` : producer.name;
      // One step for all channels: only then does the grid survive the move of channels into space.
      const before = quantized(producer.input, { ...at, oneStep: true });
      nodes.push({ ...producer, name, input: before });
      return name;
    }
    const planned = specFor(plan, role, owner, nonNegative);
    if (!planned) return input;
    const spec =
      isImage && planned.bits === imagePartSpec.bits
        ? makeSpec(imagePartSpec)
        : oneStep
          ? makeSpec({ ...planned, granularity: 'tensor' })
          : planned;
    checkSpec(spec, `plan "${plan.name}": ${role} of ${owner}`);
    demandStatic(spec, role, owner);
    const node: QuantizeNode = { op: 'quantize', name: `${owner}.${slot}`, input, quantizer, role, spec };
    nodes.push(node);
    return node.name;
  };

  const nonNegative = (...inputs: string[]): boolean => inputs.every((name) => isNonNegative(name, byName));

  for (const node of graph.nodes) {
    switch (node.op) {
      case 'conv2d': {
        const input = quantized(node.input, {
          owner: node.name,
          slot: 'in',
          role: 'activations',
          quantizer: `${node.name}.in`,
          nonNegative: nonNegative(node.input),
        });
        const weights = specFor(plan, 'weights', node.name, false);
        if (weights) checkSpec(weights, `plan "${plan.name}": weights of ${node.name}`);
        nodes.push({ ...node, input, weights });
        break;
      }
      case 'add': {
        const [a, b] = node.inputs;
        const isImage = node.inputs.some((name) => isEnlargement(name, byName));
        const shared = {
          owner: node.name,
          role: 'skips',
          isImage,
          quantizer: `${node.name}.skip`,
          nonNegative: nonNegative(a, b),
          // Behind a shuffle there can be one step only, and both inputs share it.
          oneStep: node.inputs.some((name) => byName.get(name)?.op === 'pixelShuffle'),
        } as const;
        nodes.push({
          ...node,
          inputs: [quantized(a, { ...shared, slot: 'a' }), quantized(b, { ...shared, slot: 'b' })],
        });
        break;
      }
      case 'output': {
        const place = { owner: node.name, slot: 'in', role: 'outputs', quantizer: `${node.name}.in` } as const;
        nodes.push({ ...node, input: quantized(node.input, { ...place, nonNegative: true }) });
        break;
      }
      case 'pixelShuffle':
        // Placed after the quantizer of its reader; here only where that reader is not quantized.
        if (!graph.nodes.some((reader) => inputsOf(reader).includes(node.name) && reader.op in readsLevels))
          nodes.push(node);
        break;
      default:
        nodes.push(node);
    }
  }
  return makeGraph({ ...graph, name: `${graph.name}-${plan.name}`, nodes: besideProducers(nodes) });
}

/** @throws ModelError for a feature map whose grid would depend on the image */
function demandStatic(spec: QuantSpec, role: Role, owner: string): void {
  if (!quantizerByName(spec.quantizer).dynamic?.(spec)) return;
  throw new ModelError(
    'quantizeGraph',
    `${role} of ${owner} must have a grid that does not depend on the image, got the quantizer ${spec.quantizer}`,
    'use it for weights',
  );
}

/** Every tensor that a plan gives a spec to. */
function placements({ nodes }: Graph): readonly Placement[] {
  const rolesOf: Partial<Record<GraphNode['op'], readonly Role[]>> = {
    conv2d: ['weights', 'activations'],
    add: ['skips'],
    output: ['outputs'],
  };
  return nodes.flatMap(({ op, name }) => (rolesOf[op] ?? []).map((role) => ({ role, node: name })));
}

/** Moves every quantizer right behind the node it reads: accumulators become levels as soon as they exist, and are never stored. */
function besideProducers(nodes: readonly GraphNode[]): readonly GraphNode[] {
  const readers = new Map<string, QuantizeNode[]>();
  for (const node of nodes) {
    if (node.op === 'quantize') readers.set(node.input, [...(readers.get(node.input) ?? []), node]);
  }
  const place = (node: GraphNode): readonly GraphNode[] => [node, ...(readers.get(node.name) ?? []).flatMap(place)];
  return nodes.filter(({ op }) => op !== 'quantize').flatMap(place);
}

/** Whether a node is an enlargement of the image. */
function isEnlargement(name: string, byName: ReadonlyMap<string, GraphNode>): boolean {
  const node = byName.get(name) as GraphNode;
  return node.op === 'bilinear' || (node.op === 'pixelShuffle' && isEnlargement(node.input, byName));
}

/** Whether no value of a node can be below zero. */
function isNonNegative(name: string, byName: ReadonlyMap<string, GraphNode>): boolean {
  const node = byName.get(name) as GraphNode;
  if (node.op === 'relu') return true;
  const passes = node.op === 'add' || node.op === 'scale' || node.op === 'pixelShuffle';
  return passes && inputsOf(node).every((input) => isNonNegative(input, byName));
}
