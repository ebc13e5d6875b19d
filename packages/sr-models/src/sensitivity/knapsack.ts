/**
 * The multiple-choice knapsack: one option of each item, the least loss within a budget.
 *
 * Dynamic programming over the budget in equal parts. A part is the greatest common divisor of all costs, and the choice is exact, where that makes at most
 * {@link MAX_PARTS} parts. Otherwise the budget has so many, and each cost is rounded up to parts: the budget holds, and the choice is the best one for
 * costs at most one part an item higher than they are.
 */
import { ModelError } from '../error.js';

/** One way to have an item. */
export interface Option {
  readonly cost: number;
  readonly loss: number;
}

/** Most parts of a budget. */
const MAX_PARTS = 2 ** 17;

/**
 * The index of the chosen option of each item. Of equal losses the one that leaves more budget, then the first option, is taken, so the choice is always the same.
 *
 * @param items each with at least one option; costs and losses are not negative
 * @throws ModelError when even the cheapest options exceed the budget
 *
 * @example
 * choose([[{ cost: 8, loss: 0 }, { cost: 4, loss: 1 }], [{ cost: 8, loss: 0 }, { cost: 4, loss: 5 }]], 12); // [1, 0]
 */
export function choose(items: readonly (readonly Option[])[], budget: number): readonly number[] {
  const least = items.reduce((sum, options) => sum + Math.min(...options.map(({ cost }) => cost)), 0);
  if (!(budget > 0) || least > budget) throw tooSmall(least, budget);
  const part = Math.max(commonDivisor(items), budget / MAX_PARTS);
  const length = Math.floor(budget / part);
  const parts = ({ cost }: Option): number => Math.ceil(cost / part);
  let best = new Float64Array(length + 1).fill(Number.POSITIVE_INFINITY);
  best[0] = 0;
  const taken: Uint16Array[] = [];
  for (const options of items) {
    const next = new Float64Array(length + 1).fill(Number.POSITIVE_INFINITY);
    const from = new Uint16Array(length + 1);
    for (const [index, option] of options.entries()) {
      const step = parts(option);
      for (let used = step; used <= length; used++) {
        const loss = (best[used - step] as number) + option.loss;
        if (loss < (next[used] as number)) {
          next[used] = loss;
          from[used] = index;
        }
      }
    }
    best = next;
    taken.push(from);
  }
  const lowest = best.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  if (lowest === Number.POSITIVE_INFINITY) throw tooSmall(least * (1 + items.length / length), budget);
  return trace(items, taken, best.indexOf(lowest), parts);
}

/** Of whole costs, the greatest common divisor; 0 where there is a fraction. */
function commonDivisor(items: readonly (readonly Option[])[]): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  const costs = items.flat().map(({ cost }) => cost);
  return costs.every(Number.isSafeInteger) ? costs.reduce(divisor, 0) : 0;
}

function tooSmall(least: number, budget: number): ModelError {
  const wanted = `at least ${Math.ceil(least)}, which the cheapest options cost`;
  return new ModelError('choose', `budget must be ${wanted}, got ${budget}`, 'raise it, or add cheaper options');
}

/** Walks back from the end of the budget that was used. */
function trace(
  items: readonly (readonly Option[])[],
  taken: readonly Uint16Array[],
  end: number,
  parts: (option: Option) => number,
): readonly number[] {
  const chosen: number[] = [];
  let used = end;
  for (let i = items.length - 1; i >= 0; i--) {
    const index = taken[i]?.[used] as number;
    chosen.unshift(index);
    used -= parts(items[i]?.[index] as Option);
  }
  return chosen;
}
