/** Budgets: so many bytes of model, or so many BitOPs, absolutely or as a share of the network at 8 bits. */
import { packedBytes } from '@fqsr/quant-core/spec';
import { ModelError } from '../error.js';
import type { Conv2dNode, Graph } from '../graph.js';
import { type Cost, cost } from '../passes/cost.js';
import { quantizeGraph } from '../passes/quantize.js';
import { type Shape, shapes } from '../passes/shapes.js';
import { basePlan, type Tensor } from './bench.js';

/** What must not be exceeded: `modelBytes`, or `bitOpsPerPixel` (for one low-resolution pixel). */
export interface Budget {
  readonly of: 'modelBytes' | 'bitOpsPerPixel';
  readonly limit: number;
}

/**
 * A budget from text: `60%bitops`, `50%bytes` (of the network at w8a8s8), `300kB`, `1.2MB`, `250000B`.
 *
 * @throws ModelError when it is none
 */
export function parseBudget(text: string, graph: Graph): Budget {
  const match = /^(\d+(?:\.\d+)?)(?:%(bitops|bytes)|(B|kB|MB))$/.exec(text);
  const value = Number(match?.[1]);
  if (!match || !(value > 0)) {
    throw new ModelError(
      'parseBudget',
      `budget must be such as 60%bitops, 50%bytes or 300kB, got ${JSON.stringify(text)}`,
      'write it so',
    );
  }
  const [, , share, unit] = match;
  if (share === undefined) {
    return { of: 'modelBytes', limit: value * { B: 1, kB: 1e3, MB: 1e6 }[unit as 'B' | 'kB' | 'MB'] };
  }
  const of = share === 'bitops' ? 'bitOpsPerPixel' : 'modelBytes';
  return { of, limit: (cost(quantizeGraph(graph, basePlan))[of] * value) / 100 };
}

/** What is chosen together: the weights and the input of a convolution, whose widths multiply, or the inputs of an add. */
export interface Group {
  readonly tensors: readonly Tensor[];
  /** What it costs with these widths, in the order of its tensors. */
  readonly cost: (widths: readonly number[]) => number;
}

/** The groups of a network, and what no width changes. */
export function groupsOf(
  graph: Graph,
  tensors: readonly Tensor[],
  { of }: Budget,
): { readonly groups: readonly Group[]; readonly fixed: number } {
  const base = quantizeGraph(graph, basePlan);
  const shapeOf = shapes(base);
  const groups = base.nodes.flatMap((node): readonly Group[] => {
    const own = (role: Tensor['role']) => tensors.filter((tensor) => tensor.node === node.name && tensor.role === role);
    const pixels = (shapeOf.get(node.name) as Shape).factor ** 2;
    if (node.op === 'conv2d') {
      const weights = weightCount(node);
      const byBytes = ([bits = 8]: readonly number[]) => packedBytes(weights, bits);
      // The first convolution reads the 8-bit image: it has no width of its own.
      const byBitOps = ([bits = 8, inputBits = 8]: readonly number[]) => weights * pixels * bits * inputBits;
      return [{ tensors: [...own('weights'), ...own('activations')], cost: of === 'modelBytes' ? byBytes : byBitOps }];
    }
    if (node.op !== 'add') return [];
    const elements = (shapeOf.get(node.name) as Shape).channels * pixels;
    return [{ tensors: own('skips'), cost: ([bits = 8]) => (of === 'modelBytes' ? 0 : elements * bits) }];
  });
  const atBase = groups.reduce((sum, group) => sum + group.cost(group.tensors.map(() => 8)), 0);
  return { groups, fixed: budgeted(cost(base), of) - atBase };
}

function budgeted(costs: Cost, of: Budget['of']): number {
  return costs[of];
}

function weightCount({ kernel, inChannels, outChannels }: Conv2dNode): number {
  return kernel[0] * kernel[1] * inChannels * outChannels;
}
