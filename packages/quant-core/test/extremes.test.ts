/** What becomes of values that are all alike, huge, subnormal, infinite or no number, with every quantizer. */
import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { fakeQuant, gridOf } from '../src/fake-quant.js';
import { levelRange } from '../src/grids.js';
import { initQuantizer } from '../src/init-quantizer.js';
import { makeSpec, type QuantSpec } from '../src/quant-spec.js';
import { type QuantizerName, quantizerByName, quantizers, stes } from '../src/registry.js';
import { real, scaled } from '../src/scaled.js';
import { plain } from './case.js';
import { devices } from './devices.js';
import { servedSpecs, title } from './specs.js';

const names = Object.keys(quantizers) as readonly QuantizerName[];
const HUGE = 3.4e38;

/** A quantizer at a calibrated grid of step 0.5, applied to one column of values. */
function quantizer(spec: QuantSpec) {
  const given = spec.quantizer === 'fixed' ? 2 ** (spec.bits - 2) : levelRange(spec).qmin + 3;
  const zero = spec.affine ? Math.min(levelRange(spec).qmax, given) : 0;
  const fit = { steps: Float32Array.of(0.5), zeroPoints: Float32Array.of(zero) };
  const params = Object.entries(initQuantizer(spec, fit, 1)).map(([name, v]) => [name, tf.tensor1d(v)] as const);
  const of = (x: tf.Tensor, vectors: readonly tf.Tensor[]) => {
    const named = Object.fromEntries(params.map(([name], i) => [name, vectors[i] as tf.Tensor1D]));
    const input = scaled(x);
    return fakeQuant(input, gridOf(named, spec, input), spec, 1);
  };
  return { zero, params: params.map(([, v]) => v), of };
}

/** Levels less the zero point, real values, and the gradients of their sum. */
function run(spec: QuantSpec, x: readonly number[]) {
  return tf.tidy(() => {
    const { zero, params, of } = quantizer(spec);
    const column = tf.tensor2d([...x], [x.length, 1]);
    const output = of(column, params);
    const grads = tf.grads((value, ...vectors) => tf.sum(real(of(value as tf.Tensor, vectors))))([column, ...params]);
    return {
      zero,
      levels: plain(output.value),
      values: plain(real(output)),
      gradients: (grads as tf.Tensor[]).map(plain),
    };
  });
}

describe.each(devices)('on %s', (device) => {
  beforeAll(() => useBackend(device));

  describe.each(names)('%s', (name) => {
    const specs = servedSpecs(quantizerByName(name), 'clipped', [1, 2, 3, 8]).filter(
      ({ granularity }) => granularity === 'tensor',
    );
    const staysFinite = ({ values, gradients }: ReturnType<typeof run>): boolean =>
      [values, ...gradients].every((all) => all.every(Number.isFinite));

    it('takes zeros to zero, or to level 1 where there is none', () => {
      for (const spec of specs) {
        const result = run(spec, [0, 0, 0]);
        const level = spec.grid === 'midrise' ? 1 : 0;
        expect(result.levels, title(spec)).toEqual([level, level, level]);
        expect(staysFinite(result), title(spec)).toBe(true);
      }
    });

    it('takes values that are all alike to one level', () => {
      for (const spec of specs) {
        const result = run(spec, [0.3, 0.3, 0.3, 0.3]);
        expect(new Set(result.levels).size, title(spec)).toBe(1);
        expect(staysFinite(result), title(spec)).toBe(true);
      }
    });

    it('takes subnormal numbers for themselves or for zero', () => {
      for (const spec of specs) {
        const result = run(spec, [1e-40, -1e-40, 0.7]);
        const allowed = spec.grid === 'midrise' ? [1, spec.signed ? -1 : 1] : [0];
        for (const level of result.levels.slice(0, 2)) expect([...allowed, 1], title(spec)).toContain(level);
        expect(staysFinite(result), title(spec)).toBe(true);
      }
    });

    it('takes huge and infinite values to the outermost levels', () => {
      for (const spec of specs.filter((one) => !quantizerByName(name).dynamic?.(one))) {
        const { qmin, qmax } = levelRange(spec);
        const huge = run(spec, [HUGE, -HUGE, 0]);
        expect(huge.levels.slice(0, 2), title(spec)).toEqual([qmax - huge.zero, qmin - huge.zero + 0]);
        expect(staysFinite(huge), title(spec)).toBe(true);
        const infinite = run(spec, [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]);
        expect(infinite.levels, title(spec)).toEqual(huge.levels);
        expect(infinite.values.every(Number.isFinite)).toBe(true);
        const zeroInside = spec.signed || spec.grid === 'midtread';
        expect(infinite.gradients[0], title(spec)).toEqual([0, 0, zeroInside ? 1 : 0]);
      }
    });

    it('gives levels and finite scales for large weights, where it looks at their mean', () => {
      for (const spec of specs.filter((one) => quantizerByName(name).dynamic?.(one))) {
        const result = run(spec, [1e37, -1e37, 1e37]);
        expect(staysFinite(result), title(spec)).toBe(true);
      }
    });

    it('lets NaN reach the gradient of the values, where training stops', () => {
      for (const spec of specs) {
        const { levels, gradients } = run(spec, [Number.NaN, 0.3]);
        expect(gradients[0]?.[0], title(spec)).toBeNaN();
        const { qmin, qmax } = levelRange(spec);
        const level = levels[0] as number;
        expect(Number.isNaN(level) || (level >= qmin - qmax && level <= qmax - qmin), title(spec)).toBe(true);
      }
    });
  });

  it.each(Object.keys(stes))('%s passes NaN on to the step, and no gradient at infinity but the identity', (ste) => {
    const spec = makeSpec({ bits: 4, quantizer: 'lsq', ste });
    const { gradients } = run(spec, [Number.NaN, 0.3]);
    expect(gradients[0]?.[0]).toEqual(ste === 'identity' ? 1 : Number.NaN);
    expect(gradients[1]).toEqual([Number.NaN]);
    expect(run(spec, [Number.POSITIVE_INFINITY, 0.3]).gradients[0]?.[0]).toBe(ste === 'identity' ? 1 : 0);
  });
});
