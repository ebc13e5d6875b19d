/** Cases for every quantizer with every estimator, and the comparison with the definitions in float64. */
import { expect } from 'vitest';
import { levelRange } from '../src/grids.js';
import { initQuantizer } from '../src/init-quantizer.js';
import type { QuantSpec } from '../src/quant-spec.js';
import { quantizerByName } from '../src/registry.js';
import { type Case, expected, measure } from './case.js';
import { randomNumbers } from './devices.js';
import { type Numbers, truths } from './quantizer-truth.js';
import { title } from './specs.js';

/** Channels of every case. */
export const CHANNELS = 2;

/** Away from levels, ties and edges, inside and outside: positions in levels, as fractions of the grid and beyond. */
function roughPositions(spec: QuantSpec): readonly number[] {
  const { qmin, qmax, spacing } = levelRange(spec);
  const inside = [0.07, 0.31, 0.44, 0.63, 0.85].flatMap((f) => [qmin + f * spacing, qmax - f * spacing]);
  const middle = [0.13, 0.38].map((f) => qmin + spacing * (Math.floor((qmax - qmin) / spacing / 2) + f));
  return [...inside, ...middle, qmin - 0.2, qmin - 3.3, qmax + 0.2, qmax + 6.1];
}

/** The same, and all the places where something jumps. */
function exactPositions(spec: QuantSpec): readonly number[] {
  const { qmin, qmax, spacing } = levelRange(spec);
  const jumps = [qmin, qmin + spacing / 2, qmin + spacing, qmax - spacing / 2, qmax, qmin - 0.25, qmax + 0.25];
  return [...roughPositions(spec).map((r) => Math.round(r * 64) / 64), ...jumps];
}

/** What parameters are moved to after their start, so that nothing lies on round numbers, and signs and clamped zero points occur. */
const moved: Readonly<Record<string, (value: number, channel: number, spec: QuantSpec) => number>> = {
  step: (value, c) => value * (c === 0 ? 1.07 : -0.91),
  clip: (value, c) => value * (c === 0 ? 0.83 : -1.19),
  logStep: (value, c) => value + (c === 0 ? 0.21 : -0.34),
  shift: (_value, c) => (c === 0 ? 0.371 : -1.03),
  offset: (value, c) => (c === 0 ? value * 0.93 - 0.017 : value + 1000),
  lower: (value, c) => (c === 0 ? value * 1.11 - 0.013 : value + 900.3),
  upper: (value, c) => (c === 0 ? value * 0.94 : value + 901.7),
};
/** Parameters that say what the grid is, whatever they are: `static`. */
const keep = (value: number): number => value;

function caseOf(spec: QuantSpec, kind: 'exact' | 'rough', seed: number): Case {
  const { qmin, qmax } = levelRange(spec);
  const perChannel = spec.granularity === 'channel';
  const stays = spec.quantizer === 'lsq-log' || spec.quantizer === 'fixed';
  const steps = (kind === 'exact' ? (stays ? [1, 1] : [0.25, 2]) : [0.37, 5.3]).slice(0, perChannel ? 2 : 1);
  const zeros = steps.map((_, c) => (spec.affine ? (c === 0 ? Math.min(qmax, qmin + 1) : qmax) : 0));
  const fit = { steps: Float32Array.from(steps), zeroPoints: Float32Array.from(zeros) };
  const move = (name: string) => (kind === 'exact' || spec.quantizer === 'static' ? keep : (moved[name] ?? keep));
  const params = Object.fromEntries(
    Object.entries(initQuantizer(spec, fit, CHANNELS)).map(([name, values]) => {
      return [name, Array.from(values, (value, c) => Math.fround(move(name)(value, c, spec)))];
    }),
  );
  const positions = kind === 'exact' ? exactPositions(spec) : roughPositions(spec);
  const truth = truths[spec.quantizer] as (typeof truths)[string];
  const x = positions.flatMap((r) =>
    Array.from({ length: CHANNELS }, (_, c) => {
      const entry = (all: readonly number[]) => all[all.length > 1 ? c : 0] as number;
      const p: Numbers = Object.fromEntries(Object.entries(params).map(([name, all]) => [name, entry(all)]));
      const { step, zero } = truth.grid(p, spec, []);
      return Math.fround((r - zero) * step - (p['shift'] ?? 0));
    }),
  );
  return { spec, x, channels: CHANNELS, params, g: weights(x.length, seed) };
}

/** Gradients from above: both signs, some zero. */
function weights(length: number, seed: number): readonly number[] {
  const random = randomNumbers(seed);
  return Array.from({ length }, (_, i) => (i % 11 === 10 ? 0 : Math.fround(2 * random())));
}

/** Weights as networks have them, for quantizers that look at the whole tensor: none lies where something jumps. */
function weightCase(spec: QuantSpec, spread: number): Case {
  const random = randomNumbers(5);
  const x = Array.from({ length: 30 }, () => Math.fround(spread * (random() + random())));
  // On the clip edges of signs, and far outside.
  if (spec.quantizer === 'xnor') x.splice(0, 4, 1, -1, 1.5, -40);
  return { spec, x, channels: CHANNELS, params: paramsOf(spec), g: weights(x.length, 9) };
}

function paramsOf(spec: QuantSpec): Case['params'] {
  const steps = spec.granularity === 'channel' ? [0.02, 0.5] : [0.02];
  const fit = { steps: Float32Array.from(steps), zeroPoints: new Float32Array(steps.length) };
  return Object.fromEntries(Object.entries(initQuantizer(spec, fit, CHANNELS)).map(([name, all]) => [name, [...all]]));
}

/** Numbers within `bound` of their magnitude. */
export function near(got: readonly number[], wanted: readonly number[], what: string, bound = 1e-4): void {
  expect(got.length, what).toBe(wanted.length);
  // Not "error > bound", which NaN would pass.
  const isNear = (value: number, i: number) =>
    Math.abs((got[i] as number) - value) < bound * Math.max(0.1, Math.abs(value));
  const wrong = wanted.flatMap((value, i) => (isNear(value, i) ? [] : [{ i, got: got[i], wanted: value }]));
  expect(wrong, what).toEqual([]);
}

/** Levels equal, values and gradients near those of the definitions. */
export function compare(one: Case, bound?: number): void {
  const got = measure(one);
  const wanted = expected(one, got.levels);
  const what = title(one.spec);
  expect(got.levels, what).toEqual(wanted.levels);
  near(got.values, wanted.values, `${what}: values`, bound);
  near(got.dx, wanted.dx, `${what}: dx`, bound);
  for (const name of Object.keys(one.params)) {
    near(got.params[name] ?? [], wanted.params[name] ?? [], `${what}: d${name}`, bound);
  }
}

/** The cases of a spec: on round numbers and off them; weights, where the quantizer looks at all of the tensor. */
export function casesOf(spec: QuantSpec): readonly Case[] {
  if (quantizerByName(spec.quantizer).dynamic?.(spec)) return [weightCase(spec, 0.04), weightCase(spec, 1.2)];
  return [caseOf(spec, 'exact', 3), caseOf(spec, 'rough', 4)];
}
