import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../src/index.js';
import { normal } from './reference.js';

interface Grid {
  readonly qmin: number;
  readonly qmax: number;
  readonly spacing: 1 | 2;
}
interface Case {
  readonly shape: number[];
  readonly channels: number;
  readonly zero: boolean;
  readonly grid: Grid;
}
const grids: readonly Grid[] = [
  { qmin: -8, qmax: 7, spacing: 1 },
  { qmin: 0, qmax: 255, spacing: 1 },
  { qmin: -3, qmax: 3, spacing: 2 },
  { qmin: 1, qmax: 31, spacing: 2 },
];
const shapes: [number[], number][] = [
  [[1], 1],
  [[7], 1],
  [[64], 64],
  [[3, 5, 7], 1],
  [[3, 5, 7], 7],
  [[4, 4, 3], 3],
  [[2, 9, 9, 40], 40],
  [[2, 9, 9, 12], 12],
  [[300, 1], 1],
  [[5, 4001], 1],
];
const cases = shapes.flatMap(([shape, channels]) =>
  grids.flatMap((grid) => [true, false].map((zero): Case => ({ shape, channels, zero, grid }))),
);
const label = ({ shape, channels, zero, grid }: Case) =>
  `${shape.join('x')}, ${channels} steps, ${zero ? 'zero point, ' : ''}${grid.qmin}..${grid.qmax} by ${grid.spacing}`;

const f = Math.fround;
const even = (r: number) => {
  const floor = Math.floor(r);
  if (r - floor !== 0.5) return Math.round(r);
  return floor % 2 === 0 ? floor : floor + 1;
};
/** `r` and `v` of one value, every operation rounded to float32. */
function scalar(x: number, ratio: number, z: number, { qmin, qmax, spacing }: Grid) {
  const product = f(x * ratio);
  // Levels of spacing 2 are odd: the even one of two indices wins a tie. Doubles have the bits for the subtraction.
  const nearest = f((spacing === 1 ? even(product) : 2 * even((product - 1) / 2) + 1) + z);
  const level = nearest < qmin ? qmin : nearest > qmax ? qmax : nearest;
  return { r: f(product + z), v: f(level - z) };
}

/** Seeded values, a third of them exactly on ties, edges and beyond. */
function operands({ shape, channels, zero, grid }: Case) {
  const ratio = tf.add(tf.abs(normal([channels], 2)), 0.5);
  const zeroPoint = zero ? tf.round(tf.mul(normal([channels], 3), 3)) : null;
  const span = grid.qmax - grid.qmin;
  const random = normal(shape, 1).dataSync();
  const ratios = ratio.dataSync();
  const zeros = zeroPoint?.dataSync();
  const x = Float32Array.from(random, (value, i) => {
    const wanted = i % 3 === 0 ? Math.round(value * span) / 2 : (grid.qmin + grid.qmax) / 2 + value * span * 0.6;
    return (wanted - (zeros?.[i % channels] ?? 0)) / (ratios[i % channels] as number);
  });
  return { x: tf.tensor(x, shape), dv: normal(shape, 4), ratio, zeroPoint };
}
const named = (t: Record<string, tf.Tensor | null>) =>
  Object.fromEntries(Object.entries(t).filter((e): e is [string, tf.Tensor] => e[1] !== null));
const run = (kernel: string, inputs: Record<string, tf.Tensor | null>, attrs: object) =>
  tf.engine().runKernel<tf.Tensor | tf.Tensor[]>(kernel, named(inputs), { ...attrs });

beforeAll(async () => {
  await useBackend('wasm');
});

test.each(cases.map((c) => [label(c), c] as const))('levels equal the scalar formula: %s', (_, c) => {
  tf.tidy(() => {
    const { x, ratio, zeroPoint } = operands(c);
    const v = run('FqsrFakeQuant', { x, ratio, zeroPoint }, c.grid) as tf.Tensor;
    expect(v.shape).toEqual(c.shape);
    const [ratios, zeros] = [ratio.dataSync(), zeroPoint?.dataSync()];
    const wanted = Array.from(x.dataSync(), (value, i) => {
      const at = i % c.channels;
      return scalar(value, ratios[at] as number, zeros?.[at] ?? 0, c.grid).v + 0;
    });
    expect(Array.from(v.dataSync(), (level) => level + 0)).toEqual(wanted);
  });
});

describe.each(['clipped', 'identity'] as const)('the gradient %s', (surrogate) => {
  test.each(cases.map((c) => [label(c), c] as const))('equals the scalar formula: %s', (_, c) => {
    tf.tidy(() => {
      const { x, dv, ratio, zeroPoint } = operands(c);
      const out = run('FqsrFakeQuantGrad', { x, dv, ratio, zeroPoint }, { ...c.grid, surrogate }) as tf.Tensor[];
      const [dx, sums] = out as [tf.Tensor, tf.Tensor];
      expect([dx.shape, sums.shape]).toEqual([c.shape, [3, c.channels]]);
      const [ratios, zeros, dvs] = [ratio.dataSync(), zeroPoint?.dataSync(), dv.dataSync()];
      const totals = new Float64Array(3 * c.channels);
      const scales = new Float64Array(3 * c.channels);
      const wanted = Array.from(x.dataSync(), (value, i) => {
        const at = i % c.channels;
        const { r, v } = scalar(value, ratios[at] as number, zeros?.[at] ?? 0, c.grid);
        const dq = dvs[i] as number;
        const isInside = surrogate === 'identity' || (r >= c.grid.qmin && r <= c.grid.qmax);
        const dr = isInside ? dq : 0;
        [dr * value, dr * v, dr - dq].forEach((term, row) => {
          totals[row * c.channels + at]! += term;
          scales[row * c.channels + at]! += Math.abs(term);
        });
        return f(dr * (ratios[at] as number)) + 0;
      });
      expect(Array.from(dx.dataSync(), (value) => value + 0)).toEqual(wanted);
      sums.dataSync().forEach((sum, at) => {
        expect(Math.abs(sum - totals[at]!)).toBeLessThanOrEqual(131 * 2 ** -24 * scales[at]! + 1e-30);
      });
    });
  });
});

test('sums of a million values stay within 131 roundings of float32', () => {
  tf.tidy(() => {
    const x = tf.fill([1_000_003], 0.1);
    const dv = tf.fill([1_000_003], 0.3);
    const [, sums] = run(
      'FqsrFakeQuantGrad',
      { x, dv, ratio: tf.ones([1]) },
      { ...grids[0], surrogate: 'clipped' },
    ) as tf.Tensor[];
    const exact = 1_000_003 * f(0.1) * f(0.3);
    expect(Math.abs(sums!.dataSync()[0]! / exact - 1)).toBeLessThan(131 * 2 ** -24);
  });
});

test('NaN stays NaN, infinities and huge values become the ends, and negative zero stays', () => {
  const x = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38, -3e38, -0, 1e-45, 2];
  tf.tidy(() => {
    for (const grid of grids) {
      const attrs = { ...grid, surrogate: 'clipped' };
      const inputs = { x: tf.tensor1d(x), dv: tf.ones([8]), ratio: tf.tensor1d([1]) };
      const v = run('FqsrFakeQuant', { x: inputs.x, ratio: inputs.ratio }, grid) as tf.Tensor;
      const { qmin, qmax } = grid;
      const zero = grid.spacing === 1 ? -0 : 1;
      const two = grid.spacing === 1 ? 2 : qmin < 0 ? 1 : 1;
      expect([...v.dataSync()]).toEqual([Number.NaN, qmax, qmin, qmax, qmin, zero, zero + 0, two]);
      const [dx] = run('FqsrFakeQuantGrad', inputs, attrs) as tf.Tensor[];
      const atZero = qmin <= 0 ? 1 : 0;
      expect([...dx!.dataSync()]).toEqual([Number.NaN, 0, 0, 0, 0, atZero, atZero, 1]);
    }
  });
});

test('empty values, and vectors that do not fit', () => {
  tf.tidy(() => {
    const attrs = { ...grids[0], surrogate: 'clipped' };
    const x = tf.zeros([0, 3]);
    const [dx, sums] = run('FqsrFakeQuantGrad', { x, dv: x, ratio: tf.ones([3]) }, attrs) as tf.Tensor[];
    expect([dx!.size, ...sums!.dataSync()]).toEqual([0, ...new Array(9).fill(0)]);
    expect(() => run('FqsrFakeQuant', { x: tf.ones([2, 3]), ratio: tf.ones([2]) }, attrs)).toThrow(
      '[backends] FqsrFakeQuant: ratio must have 1 or 3 values, got 2',
    );
    expect(() =>
      run('FqsrFakeQuant', { x: tf.ones([2, 3]), ratio: tf.ones([3]), zeroPoint: tf.ones([1]) }, attrs),
    ).toThrow('[backends] FqsrFakeQuant: zeroPoint must have 3 values as ratio has, got 1');
  });
});

test('same inputs, same bits; nothing is left behind', () => {
  const { x, dv, ratio } = operands(cases[0]!.shape ? { ...cases.at(-1)!, zero: false } : cases[0]!);
  const step = () =>
    tf.tidy(() => {
      const [dx, sums] = run(
        'FqsrFakeQuantGrad',
        { x, dv, ratio },
        { ...grids[0], surrogate: 'clipped' },
      ) as tf.Tensor[];
      return [...dx!.dataSync(), ...sums!.dataSync()];
    });
  const first = step();
  const before = { ...tf.memory(), held: tf.backend().numDataIds() };
  expect(step()).toEqual(first);
  expect({ ...tf.memory(), held: tf.backend().numDataIds() }).toEqual(before);
});

describe('clones and casts to the same type', () => {
  test('share their values, which are freed with the last of them', () => {
    const before = tf.backend().numDataIds();
    const x = tf.tensor1d([1, 2, 3]);
    const copies = [tf.clone(x), tf.cast(x, 'float32'), tf.clone(tf.cast(x, 'float32'))];
    expect(tf.backend().numDataIds()).toBe(before + 1);
    x.dispose();
    for (const copy of copies) expect([...copy.dataSync()]).toEqual([1, 2, 3]);
    tf.dispose(copies);
    tf.disposeVariables();
  });
  test('a variable that starts as a clone keeps the clone as it was', () => {
    tf.tidy(() => {
      const start = tf.tensor1d([1, 2]);
      const variable = tf.variable(start);
      variable.assign(tf.add(variable, 1));
      expect([...start.dataSync(), ...variable.dataSync()]).toEqual([1, 2, 2, 3]);
      variable.dispose();
    });
  });
  test('casts to another type, and clones of strings, are TF.js own', () => {
    tf.tidy(() => {
      expect([...tf.cast(tf.tensor1d([1.5, -2.5]), 'int32').dataSync()]).toEqual([1, -2]);
      expect(tf.clone(tf.tensor1d(['a', 'b'])).dataSync()).toEqual(['a', 'b']);
    });
  });
});
