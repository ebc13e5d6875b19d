/** Surrogate gradients in float64, from their publications, apart from what is tested. */
import type { LevelRange } from '../src/grids.js';

/** One value in steps, its level, and the gradient of the loss by it. */
export interface Point {
  readonly r: number;
  readonly q: number;
  readonly dq: number;
}

/** What a surrogate knows: the grid, the estimator's numbers, and how many of the tensor's values lie inside the grid. */
export interface Around {
  readonly range: LevelRange;
  readonly options: Readonly<Record<string, number>>;
  readonly count: number;
  readonly inside: number;
}

const isInside = (r: number, { qmin, qmax }: LevelRange): boolean => r >= qmin && r <= qmax;

/** The position between two levels, 0 on the lower one. */
function position(r: number, { qmin, spacing }: LevelRange): number {
  const cells = (r - qmin) / spacing;
  return cells - Math.floor(cells);
}

const inside =
  (slope: (point: Point, around: Around) => number) =>
  (point: Point, around: Around): number =>
    isInside(point.r, around.range) ? slope(point, around) : 0;

/** The curves that stand for rounding over one cell, from 0 to 1, whose slopes the surrogates are. */
export const softSteps: Readonly<Record<string, (f: number, options: Readonly<Record<string, number>>) => number>> = {
  dsq: (f, { alpha = Number.NaN }) => {
    const k = Math.log(2 / alpha - 1);
    return (Math.tanh(k * (f - 0.5)) / (1 - alpha) + 1) / 2;
  },
  quantsr: (f) => Math.tanh(f - 0.5) / Math.tanh(0.5) / 2 + 0.5,
  // Bi-Real's F(x) = 2x + x^2 below 0 and 2x - x^2 above, of x = 2f - 1, from -1..1 to 0..1.
  'approx-sign': (f) => {
    const x = 2 * f - 1;
    return (x < 0 ? 2 * x + x * x : 2 * x - x * x) / 2 + 0.5;
  },
};

/** `dr / dq` for each estimator. */
export const slopes: Readonly<Record<string, (point: Point, around: Around) => number>> = {
  identity: () => 1,
  clipped: inside(() => 1),
  'lsq-scale': inside(() => 1),
  stochastic: inside(() => 1),
  'ste-scale': inside((_, { count, inside: n }) => Math.sqrt(count / n)),
  ewgs: inside(({ r, q, dq }, { range, options }) => {
    return 1 + ((options['delta'] as number) * Math.sign(dq) * (r - q)) / (range.qmax - range.qmin);
  }),
  dsq: inside(({ r }, { range, options }) => {
    const alpha = options['alpha'] as number;
    const k = Math.log(2 / alpha - 1);
    return (k * (1 - Math.tanh(k * (position(r, range) - 0.5)) ** 2)) / (2 * (1 - alpha));
  }),
  quantsr: inside(({ r }, { range }) => {
    return (1 - Math.tanh(position(r, range) - 0.5) ** 2) / (2 * Math.tanh(0.5));
  }),
  'approx-sign': inside(({ r }, { range }) => {
    const f = position(r, range);
    return f < 0.5 ? 4 * f : 4 - 4 * f;
  }),
};

/** The factor on the gradient of what places the grid. */
export function rate(ste: string, count: number, { qmax }: LevelRange): number {
  return ste === 'lsq-scale' || ste === 'quantsr' ? 1 / Math.sqrt(count * Math.max(qmax, 1)) : 1;
}

/** How many values lie inside. */
export const countInside = (r: readonly number[], range: LevelRange): number =>
  r.filter((value) => isInside(value, range)).length;
