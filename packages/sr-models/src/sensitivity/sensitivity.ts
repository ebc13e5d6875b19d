/**
 * The sensitivity sweep: what each tensor loses at each width while all others stay at 8 bits, and the widths that lose least within a budget.
 *
 * The loss is the mean squared difference of the output image from the float network's. Losses of different tensors are taken to add up, and to grow as
 * widths shrink; then the widths are a multiple-choice knapsack (see `knapsack`). Since losses do not quite add up, the plan is measured at the end,
 * beside every uniform plan of the budget, and the best of them is proposed.
 */
import { makePlan, type PlanOverride, planFromPreset, type QuantPlan } from '@fqsr/quant-core/spec';
import { ModelError } from '../error.js';
import type { Graph } from '../graph.js';
import { cost } from '../passes/cost.js';
import { quantizeGraph } from '../passes/quantize.js';
import { type Bench, basePlan, type Tensor } from './bench.js';
import { type Budget, type Group, groupsOf } from './budget.js';
import { choose, type Option } from './knapsack.js';

/** What one tensor loses. */
export interface Sensitivity extends Tensor {
  /** Mean squared error in squared grey levels beyond that of 8 bits, in the order of the bench's widths; never less at fewer bits. */
  readonly losses: readonly number[];
}

/** Measures every tensor at every width. @param onProgress forward passes done, and all of them */
export function measureSensitivity(
  bench: Bench,
  onProgress?: (done: number, total: number) => void,
): readonly Sensitivity[] {
  const { tensors, widths, mse } = bench;
  const narrow = widths.filter((bits) => bits !== 8);
  const total = tensors.length * narrow.length;
  const base = mse(() => 8);
  let done = 0;
  return tensors.map((tensor) => {
    const measured = widths.map((bits) => {
      if (bits === 8) return 0;
      const loss = Math.max(0, mse((other) => (other.key === tensor.key ? bits : 8)) - base);
      onProgress?.(++done, total);
      return loss;
    });
    // What more bits lose, fewer lose too: a smaller figure is chance.
    const losses = measured.map((loss, i) =>
      measured.reduce(
        (most, other, j) => ((widths[j] as number) > (widths[i] as number) ? Math.max(most, other) : most),
        loss,
      ),
    );
    return { ...tensor, losses };
  });
}

/** A plan within a budget. */
export interface Proposal {
  readonly plan: QuantPlan;
  /** What it costs, in the budget's unit. */
  readonly cost: number;
  /** Measured, squared grey levels. */
  readonly mse: number;
  /** Whether the knapsack's plan was measured best, or a uniform one. */
  readonly by: 'knapsack' | 'uniform';
  /** The best of the uniform plans within the budget, `null` when none is. */
  readonly uniform: { readonly name: string; readonly cost: number; readonly mse: number } | null;
}

/**
 * The widths that lose least within a budget.
 *
 * @param name of the plan
 * @throws ModelError when the smallest widths exceed the budget
 */
export function proposePlan(
  graph: Graph,
  bench: Bench,
  sensitivities: readonly Sensitivity[],
  budget: Budget,
  name: string,
): Proposal {
  const { of, limit } = budget;
  const costOf = (plan: QuantPlan) => cost(quantizeGraph(graph, plan))[of];
  demandPossible(costOf(planOf(bench, name, () => Math.min(...bench.widths))), budget);
  const widths = chooseWidths(graph, bench, sensitivities, budget);
  const widthOf: WidthOf = ({ key }) => widths.get(key) ?? 8;
  const plan = planOf(bench, name, widthOf);
  const mixed: Candidate = { plan, cost: costOf(plan), mse: bench.mse(widthOf) };
  const uniforms = bench.widths
    .flatMap((w) => bench.widths.map((a) => ({ w, a, cost: costOf(planFromPreset(`w${w}a${a}s8`)) })))
    .filter((uniform) => uniform.cost <= limit)
    // Of those that fit, the ones that no wider one makes pointless.
    .filter(({ w, a }, _, all) => !all.some((other) => other.w >= w && other.a >= a && other.w + other.a > w + a))
    .map(({ w, a, cost: own }): Candidate => {
      const bits = { weights: w, activations: a, skips: 8 };
      return { plan: planFromPreset(`w${w}a${a}s8`), cost: own, mse: bench.mse(({ role }) => bits[role]) };
    });
  const best = uniforms.reduce<Candidate | null>((a, b) => (a && a.mse <= b.mse ? a : b), null);
  const uniform = best && { name: best.plan.name, cost: best.cost, mse: best.mse };
  if (best && best.mse < mixed.mse) return { ...best, by: 'uniform', uniform };
  return { ...mixed, by: 'knapsack', uniform };
}

function demandPossible(least: number, { of, limit }: Budget): void {
  if (least <= limit) return;
  throw new ModelError(
    'proposePlan',
    `budget must be at least ${Math.ceil(least)} (${of}), which the smallest widths cost, got ${Math.floor(limit)}`,
    'raise it, or allow smaller widths',
  );
}

type Candidate = Pick<Proposal, 'plan' | 'cost' | 'mse'>;
type WidthOf = (tensor: Tensor) => number;

function chooseWidths(
  graph: Graph,
  { tensors, widths }: Bench,
  sensitivities: readonly Sensitivity[],
  budget: Budget,
): ReadonlyMap<string, number> {
  const { groups, fixed } = groupsOf(graph, tensors, budget);
  const lossOf = new Map(sensitivities.map(({ key, losses }) => [key, losses]));
  const ways = groups.map((group) => waysOf(group, widths, lossOf));
  const chosen = choose(
    ways.map((options) => options.map(({ option }) => option)),
    budget.limit - fixed,
  );
  return new Map(
    groups.flatMap(({ tensors: own }, g) => {
      const way = ways[g]?.[chosen[g] as number];
      return own.map(({ key }, i) => [key, way?.widths[i] as number] as const);
    }),
  );
}

/** Every combination of widths of a group that no other beats in both cost and loss, by falling width. */
function waysOf(
  group: Group,
  widths: readonly number[],
  lossOf: ReadonlyMap<string, readonly number[]>,
): readonly { readonly widths: readonly number[]; readonly option: Option }[] {
  const falling = widths.map((bits, i) => ({ bits, i })).sort((a, b) => b.bits - a.bits);
  let all: { widths: readonly number[]; loss: number }[] = [{ widths: [], loss: 0 }];
  for (const { key } of group.tensors) {
    all = all.flatMap((way) =>
      falling.map(({ bits, i }) => ({ widths: [...way.widths, bits], loss: way.loss + (lossOf.get(key)?.[i] ?? 0) })),
    );
  }
  const ways = all.map((way) => ({ widths: way.widths, option: { cost: group.cost(way.widths), loss: way.loss } }));
  return ways.filter(
    ({ option }, i) =>
      !ways.some(
        ({ option: other }, j) =>
          other.cost <= option.cost &&
          other.loss <= option.loss &&
          (j < i || other.cost < option.cost || other.loss < option.loss) &&
          j !== i,
      ),
  );
}

/** The plan of a mix: 8 bits, and an override for each tensor that has fewer. */
export function planOf({ tensors }: Bench, name: string, widthOf: WidthOf): QuantPlan {
  const overrides = tensors.flatMap((tensor): readonly PlanOverride[] => {
    const bits = widthOf(tensor);
    return bits === 8 ? [] : [{ pattern: tensor.node, role: tensor.role, spec: { bits } }];
  });
  return makePlan({ ...basePlan, name, overrides });
}
