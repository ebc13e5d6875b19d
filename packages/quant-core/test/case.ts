/** One quantizer and one estimator on one tensor: what the package gives, and what the definitions give in float64. */
import * as tf from '@tensorflow/tfjs';
import { steOptionsOf } from '../src/check-spec.js';
import { fakeQuant, gridOf } from '../src/fake-quant.js';
import { levelRange } from '../src/grids.js';
import type { QuantSpec } from '../src/quant-spec.js';
import { quantizerByName } from '../src/quantizers/registry.js';
import { quantize } from '../src/scalar.js';
import { real, scaled } from '../src/scaled.js';
import { type Grid64, type Numbers, truths, type Value } from './quantizer-truth.js';
import { countInside, rate, slopes } from './ste-truth.js';

/** Values of the shape `[rows, channels]`, the quantizer's parameters, and the gradient of the loss by what comes out. */
export interface Case {
  readonly spec: QuantSpec;
  readonly x: readonly number[];
  readonly channels: number;
  readonly params: Readonly<Record<string, readonly number[]>>;
  readonly g: readonly number[];
}

/** What comes out. */
export interface Outcome {
  /** Levels less the zero point. */
  readonly levels: readonly number[];
  readonly values: readonly number[];
  readonly dx: readonly number[];
  readonly params: Readonly<Record<string, readonly number[]>>;
}

const SEED = 7;

/** By the package, on the backend that is set. */
export function measure({ spec, x, channels, params, g }: Case): Outcome {
  return tf.tidy(() => {
    const shape: [number, number] = [x.length / channels, channels];
    const names = Object.keys(params);
    const run = (value: tf.Tensor, vectors: readonly tf.Tensor[]) => {
      const input = scaled(value);
      const named = Object.fromEntries(names.map((name, i) => [name, vectors[i] as tf.Tensor1D]));
      return fakeQuant(input, gridOf(named, spec, input), spec, SEED);
    };
    const inputs = [tf.tensor2d([...x], shape), ...names.map((name) => tf.tensor1d([...(params[name] ?? [])]))];
    const weights = tf.tensor2d([...g], shape);
    let outcome = { levels: [] as number[], values: [] as number[] };
    const loss = (value: tf.Tensor, ...vectors: tf.Tensor[]) => {
      const output = run(value, vectors);
      const reals = real(output);
      outcome = { levels: plain(output.value), values: plain(reals) };
      return tf.sum(tf.mul(reals, weights));
    };
    const [dx, ...grads] = tf.grads(loss)(inputs) as [tf.Tensor, ...tf.Tensor[]];
    return {
      ...outcome,
      dx: plain(dx),
      params: Object.fromEntries(names.map((name, i) => [name, plain(grads[i] as tf.Tensor)])),
    };
  });
}

/** Numbers of a tensor, without negative zeros. */
export const plain = (t: tf.Tensor): number[] => Array.from(t.dataSync(), (value) => value + 0);

/** The values that share a grid, or a parameter. */
interface Group {
  readonly at: readonly number[];
  readonly p: Numbers;
}

/** The levels, values and gradients by definition. `levels` are those of the package where the rounding is random. */
export function expected({ spec, x, channels, params, g }: Case, drawn: readonly number[]): Outcome {
  const truth = truths[spec.quantizer] as (typeof truths)[string];
  const kinds = quantizerByName(spec.quantizer).params;
  const range = levelRange(spec);
  const options = steOptionsOf(spec);
  const isRandom = spec.ste === 'stochastic';
  const split = spec.granularity === 'channel' || Object.values(kinds).includes('channel');
  const groups: Group[] = Array.from({ length: split ? channels : 1 }, (_, c) => ({
    at: x.map((_value, i) => i).filter((i) => !split || i % channels === c),
    p: Object.fromEntries(Object.entries(params).map(([name, all]) => [name, all[all.length > 1 ? c : 0] as number])),
  }));
  const r = new Array<number>(x.length);
  const levels = new Array<number>(x.length);
  const values = new Array<number>(x.length);
  const prepared = new Array<number>(x.length);
  const grids: Grid64[] = [];
  for (const { at, p } of groups) {
    const xs = at.map((i) => x[i] as number);
    const grid = truth.grid(p, spec, xs);
    grids.push(grid);
    const ys = truth.prepare?.(xs, p, spec) ?? xs;
    for (const [k, i] of at.entries()) {
      const steps = onLevel((ys[k] as number) / grid.step);
      prepared[i] = ys[k] as number;
      r[i] = steps + grid.zero;
      levels[i] = isRandom ? (drawn[i] as number) : quantize(steps, 1, grid.zero, range) - grid.zero + 0;
      values[i] = (levels[i] as number) * grid.scale;
    }
  }
  const surroundings = { range, options, count: x.length, inside: countInside(r, range) };
  const dx = new Array<number>(x.length);
  const perGroup = groups.map(({ at, p }, k) => {
    const grid = grids[k] as Grid64;
    const items = at.map((i): Value => {
      const point = {
        r: r[i] as number,
        q: (levels[i] as number) + grid.zero,
        dq: (g[i] as number) * grid.scale,
      };
      const slope = (slopes[spec.ste] as (typeof slopes)[string])(point, surroundings);
      return { x: x[i] as number, y: prepared[i] as number, q: levels[i] as number, slope };
    });
    const own = at.map((i) => g[i] as number);
    const gradients = truth.gradients(items, own, p, grid, spec);
    for (const [k2, i] of at.entries()) dx[i] = gradients.dx[k2] as number;
    return gradients.params;
  });
  const byParam = Object.entries(params).map(([name, all]) => {
    const each = perGroup.map((gradients) => gradients[name] as number);
    const entries = all.length === each.length ? each : [each.reduce((a, b) => a + b, 0)];
    const factor = kinds[name] === 'channel' ? 1 : rate(spec.ste, x.length / all.length, range);
    return [name, entries.map((value) => value * factor)] as const;
  });
  return { levels, values, dx, params: Object.fromEntries(byParam) };
}

/** A value in steps without what float64 divisions leave beside a level. */
const onLevel = (r: number): number => (Math.abs(r - Math.round(r)) < 1e-10 ? Math.round(r) : r);
