/**
 * Quantizers in float64, from their publications, apart from what is tested: the grid of one channel, and `dx^/dp` for each of its parameters, by the chain
 * rule through `x^ = (q - z) s`, where `D` is the estimator's slope `dq/dr` at `r = y/s + z`.
 */
import { type LevelRange, levelRange } from '../src/grids.js';
import type { QuantSpec } from '../src/quant-spec.js';
import { clamp, roundHalfEven } from '../src/round.js';

/** The parameters of one channel. */
export type Numbers = Readonly<Record<string, number>>;

/** One value on its way: as given, prepared, its level less the zero point, the estimator's slope. */
export interface Value {
  readonly x: number;
  readonly y: number;
  readonly q: number;
  readonly slope: number;
}

/** The grid of one channel. */
export interface Grid64 {
  readonly step: number;
  /** The zero point before it is rounded, and as it is. */
  readonly exactZero: number;
  readonly zero: number;
  /** What a level is worth. */
  readonly scale: number;
}

/** What one channel gives: its gradients by value and by parameter, for gradients `g` by `x^`. */
export interface Gradients64 {
  readonly dx: readonly number[];
  readonly params: Numbers;
}

export interface Truth {
  readonly grid: (p: Numbers, spec: QuantSpec, xs: readonly number[]) => Grid64;
  readonly prepare?: (xs: readonly number[], p: Numbers, spec: QuantSpec) => readonly number[];
  readonly gradients: (
    values: readonly Value[],
    g: readonly number[],
    p: Numbers,
    grid: Grid64,
    spec: QuantSpec,
  ) => Gradients64;
}

const at = (p: Numbers, name: string): number => p[name] as number;
const around = (step: number): Grid64 => ({ step, exactZero: 0, zero: 0, scale: step });
const sum = (terms: readonly number[]): number => terms.reduce((a, b) => a + b, 0);
const sumOver = (values: readonly Value[], g: readonly number[], term: (value: Value) => number): number =>
  sum(values.map((value, i) => (g[i] as number) * term(value)));
const straight = (values: readonly Value[], g: readonly number[]): readonly number[] =>
  values.map(({ slope }, i) => slope * (g[i] as number));

/** `dx^/ds` of `x^ = s q(y/s)`: LSQ's `q - y/s` where the slope is 1, the level itself where it is 0. */
const byStep =
  (step: number) =>
  ({ q, y, slope }: Value): number =>
    q - (slope * y) / step;

/** A grid around 0 whose step is `|p| * factor`. */
const learnedStep = (name: string, factor: (range: LevelRange) => number): Truth => ({
  grid: (p, spec) => around(Math.abs(at(p, name)) * factor(levelRange(spec))),
  gradients: (values, g, p, { step }, spec) => ({
    dx: straight(values, g),
    params: {
      [name]: Math.sign(at(p, name)) * factor(levelRange(spec)) * sumOver(values, g, byStep(step)),
    },
  }),
});

const byClip = learnedStep('clip', ({ qmax }) => 1 / qmax);

/** A grid with a rounded zero point, which keeps to the levels. */
function affineGrid(step: number, exactZero: number, spec: QuantSpec): Grid64 {
  const { qmin, qmax } = levelRange(spec);
  return { step, exactZero, zero: clamp(roundHalfEven(exactZero), qmin, qmax), scale: step };
}
/** Whether the zero point is free to move. */
function isFree({ exactZero }: Grid64, spec: QuantSpec): boolean {
  const { qmin, qmax } = levelRange(spec);
  return exactZero >= qmin && exactZero <= qmax;
}

const meanMagnitude = (xs: readonly number[]): number => sum(xs.map(Math.abs)) / xs.length;

export const truths: Readonly<Record<string, Truth>> = {
  fixed: {
    grid: (_p, spec) => ({ ...around(1), zero: spec.affine ? 2 ** (spec.bits - 2) : 0 }),
    gradients: (values, g) => ({ dx: straight(values, g), params: {} }),
  },
  lsq: learnedStep('step', () => 1),
  fqsr: byClip,
  pams: byClip,
  'lsq-log': {
    grid: (p) => around(Math.exp(at(p, 'logStep'))),
    gradients: (values, g, _p, { step }) => ({
      dx: straight(values, g),
      params: { logStep: step * sumOver(values, g, byStep(step)) },
    }),
  },
  pact: {
    grid: byClip.grid,
    // x^ = a q / n with q fixed inside, where the paper puts 0; a above.
    gradients: (values, g, p, _grid, spec) => ({
      dx: straight(values, g),
      params: {
        clip: (Math.sign(at(p, 'clip')) / levelRange(spec).qmax) * sumOver(values, g, ({ q, slope }) => q - slope * q),
      },
    }),
  },
  'lsq-plus': {
    grid: (p, spec) => affineGrid(Math.abs(at(p, 'step')), -at(p, 'offset') / Math.abs(at(p, 'step')), spec),
    gradients: (values, g, p, grid, spec) => {
      const { step } = grid;
      const offset = at(p, 'offset');
      const moves = isFree(grid, spec) ? 1 : 0;
      return {
        dx: straight(values, g),
        params: {
          // d(-offset / s)/ds = offset / s^2, and dx^/dz = s (D - 1).
          step:
            Math.sign(at(p, 'step')) *
            sumOver(values, g, (v) => byStep(step)(v) + (moves * (v.slope - 1) * offset) / step),
          offset: moves * sumOver(values, g, ({ slope }) => 1 - slope),
        },
      };
    },
  },
  ddtb: {
    grid: (p, spec) => {
      const { qmin, qmax } = levelRange(spec);
      const step = Math.abs(at(p, 'upper') - at(p, 'lower')) / (qmax - qmin);
      return affineGrid(step, qmin - at(p, 'lower') / step, spec);
    },
    gradients: (values, g, p, grid, spec) => {
      const { step } = grid;
      const { qmin, qmax } = levelRange(spec);
      const n = qmax - qmin;
      const lower = at(p, 'lower');
      const sign = Math.sign(at(p, 'upper') - lower);
      const moves = isFree(grid, spec) ? 1 : 0;
      // By the step, the zero point qmin - lower / s included; and by the lower bound at a fixed step.
      const viaStep = (v: Value) => byStep(step)(v) + (moves * (v.slope - 1) * lower) / step;
      return {
        dx: straight(values, g),
        params: {
          upper: (sign / n) * sumOver(values, g, viaStep),
          lower: sumOver(values, g, (v) => (-sign / n) * viaStep(v) + moves * (1 - v.slope)),
        },
      };
    },
  },
  dorefa: {
    grid: byClip.grid,
    prepare: (xs, p, spec) => {
      if (!spec.signed) return xs;
      const squashed = xs.map(Math.tanh);
      const largest = Math.max(...squashed.map(Math.abs));
      return squashed.map((t) => (at(p, 'clip') * t) / largest);
    },
    gradients: (values, g, p, _grid, spec) => {
      const clip = at(p, 'clip');
      if (!spec.signed) return { dx: straight(values, g), params: { clip: 0 } };
      const t = values.map(({ x }) => Math.tanh(x));
      const largest = Math.max(...t.map(Math.abs));
      const top = t.findIndex((value) => Math.abs(value) === largest);
      const own = values.map(({ slope }, i) => ((g[i] as number) * slope * clip) / largest);
      const byLargest = -sum(own.map((value, i) => (value * (t[i] as number)) / largest));
      return {
        dx: own.map((value, i) => {
          const bySquashed = value + (i === top ? byLargest * Math.sign(t[i] as number) : 0);
          return bySquashed * (1 - (t[i] as number) ** 2);
        }),
        params: { clip: 0 },
      };
    },
  },
  quantsr: {
    grid: (p) => around(Math.abs(at(p, 'step'))),
    prepare: (xs, p) => xs.map((x) => x + at(p, 'shift')),
    gradients: (values, g, p, { step }) => ({
      dx: straight(values, g),
      params: {
        step: Math.sign(at(p, 'step')) * sumOver(values, g, byStep(step)),
        shift: sum(straight(values, g)),
      },
    }),
  },
  xnor: {
    grid: (_p, _spec, xs) => ({ ...around(1), scale: Math.max(meanMagnitude(xs), 1e-8) }),
    gradients: (values, g, _p, { scale }) => {
      const byScale = sumOver(values, g, ({ q }) => q) / values.length;
      return {
        dx: values.map(({ x, slope }, i) => scale * slope * (g[i] as number) + Math.sign(x) * byScale),
        params: {},
      };
    },
  },
  ternary: {
    grid: (_p, _spec, xs) => {
      const threshold = 0.7 * meanMagnitude(xs);
      const kept = xs.map(Math.abs).filter((x) => x > threshold);
      return kept.length === 0 ? around(1) : { ...around(2 * threshold), scale: meanMagnitude(kept) };
    },
    gradients: (values, g, _p, { step, scale }) => ({
      dx: straight(values, g).map((dx) => (dx * scale) / step),
      params: {},
    }),
  },
  static: {
    grid: (p, spec) => ({ ...around(at(p, 'step')), zero: spec.affine ? at(p, 'zeroPoint') : 0 }),
    gradients: (values, g) => ({ dx: straight(values, g), params: { step: 0, zeroPoint: 0 } }),
  },
};
