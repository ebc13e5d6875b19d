import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { devices, randomNumbers } from '../test/devices.js';
import { fakeQuant, gridOf, quantizationError, quantizeExact } from './fake-quant.js';
import { levelRange } from './grids.js';
import { makeSpec, type QuantSpec } from './quant-spec.js';
import { deriveMultiplier, requantize } from './requant.js';
import { roundHalfEven } from './round.js';
import { quantize } from './scalar.js';
import { real, scaled } from './scaled.js';

/** Every mid-tread grid of 1 to 8 bits. */
const specs: readonly QuantSpec[] = Array.from({ length: 8 }, (_, i) => i + 1).flatMap((bits) => [
  makeSpec({ bits, signed: false }),
  makeSpec({ bits }),
  ...(bits > 1 ? [makeSpec({ bits, narrow: true })] : []),
]);
/** A grid around zero. */
const gridAt = (step: tf.Tensor | null) => ({ step: step as tf.Tensor1D | null, zeroPoint: null });
const title = ({ bits, signed, narrow }: QuantSpec) =>
  `${bits} bits${signed ? ' signed' : ''}${narrow ? ' narrow' : ''}`;
const grids = specs.map((spec) => [title(spec), spec] as const);

/** Levels as plain numbers, without negative zeros. */
function levels(values: ArrayLike<number>, step: number | readonly number[] | null, spec: QuantSpec): number[] {
  return tf.tidy(() => {
    const s = step === null ? null : tf.tensor1d(typeof step === 'number' ? [step] : [...step]);
    const channels = s?.size ?? 1;
    const x = tf.tensor2d(Float32Array.from(values), [values.length / channels, channels]);
    return Array.from(fakeQuant({ value: x, scale: null }, gridAt(s), spec).value.dataSync(), (q) => q + 0);
  });
}

describe.each(devices)('on %s', (device) => {
  beforeAll(() => useBackend(device));

  describe('quantizeExact', () => {
    const spec = makeSpec({ bits: 8 });
    const range = levelRange(spec);
    const both = (acc: readonly number[], from: number, to: number) =>
      tf.tidy(() => {
        const x = { value: tf.tensor1d([...acc]), scale: tf.tensor1d([from]) };
        const step = gridAt(tf.tensor1d([to]));
        return [quantizeExact(x, step, spec), fakeQuant(x, step, spec)].map(({ value }) =>
          Array.from(value.dataSync(), (q) => q + 0),
        );
      });

    it('equals integer requantization for any accumulator', () => {
      const random = randomNumbers(11);
      for (let trial = 0; trial < 40; trial++) {
        const from = Math.fround(0.001 + Math.abs(random()) * 0.01);
        const factor = deriveMultiplier(from);
        const acc = Array.from({ length: 4000 }, (_, i) => (i - 2000) * 7);
        const truth = acc.map((value) => requantize(value, factor, 0, range) + 0);
        expect(both(acc, from, 1)[0]).toEqual(truth);
      }
    });

    it('keeps to the exact product beside a tie, where the float32 product lands on it', () => {
      let missed = 0;
      for (let k = 0; k < 100; k++) {
        // The float32 ratio next to (k + 1/2) / acc: the exact product is a little off the tie.
        const acc = 3001 + 14 * k;
        const from = Math.fround((k + 0.5) / acc);
        const [[exact] = [], [faked] = []] = both([acc], from, 1);
        expect(exact).toBe(requantize(acc, deriveMultiplier(from), 0, range));
        if (faked !== exact) missed++;
      }
      expect(missed).toBeGreaterThan(10);
    });

    it('rounds half up, as integers do, where fakeQuant rounds half to even', () => {
      expect(both([1, 3, 5, -1, -3], 0.5, 1)).toEqual([
        [1, 2, 3, 0, -1],
        [0, 2, 2, 0, -2],
      ]);
    });

    it('takes one step for each channel', () => {
      const q = quantizeExact(
        { value: tf.tensor2d([[10, 10]]), scale: tf.tensor1d([1, 2]) },
        gridAt(tf.tensor1d([4, 5])),
        spec,
      );
      expect([...q.value.dataSync()]).toEqual([3, 4]);
    });
  });

  describe.each(grids)('fakeQuant, %s', (_, spec) => {
    const range = levelRange(spec);
    const all = Array.from({ length: range.qmax - range.qmin + 1 }, (_, i) => range.qmin + i);

    it('keeps every grid point, for any step', () => {
      for (const step of [1, 0.5, 0.1, 1 / 3, 1e-4, 37.7].map(Math.fround)) {
        expect(
          levels(
            all.map((q) => q * step),
            step,
            spec,
          ),
        ).toEqual(all);
      }
    });

    it('is idempotent', () => {
      const random = randomNumbers(spec.bits);
      const step = 0.0371;
      const once = levels(
        Array.from({ length: 300 }, () => random() * 300 * step),
        step,
        spec,
      );
      expect(
        levels(
          once.map((q) => q * Math.fround(step)),
          step,
          spec,
        ),
      ).toEqual(once);
    });

    it('equals the scalar truth at ties (half to even)', () => {
      const ties = [...all, range.qmax + 1].map((q) => (q - 0.5) * 0.25);
      expect(levels(ties, 0.25, spec)).toEqual(ties.map((x) => quantize(x, 0.25, 0, range) + 0));
    });

    it('equals the scalar truth at random values', () => {
      const random = randomNumbers(31 * spec.bits);
      const steps = [0.7, 0.013, 19].map(Math.fround);
      for (const step of steps) {
        const values = Float32Array.from({ length: 1000 }, () => random() * 1.3 * 2 ** spec.bits * step);
        const got = levels(values, step, spec);
        const ratio = Math.fround(1 / step);
        // One float32 multiplication by the float32 ratio; it leaves the real quotient by less than 2^-22 of it.
        expect(got).toEqual([...values].map((x) => quantize(Math.fround(x * ratio), 1, 0, range) + 0));
        for (const [i, x] of values.entries()) {
          const nearTie = Math.abs(Math.abs(x / step - roundHalfEven(x / step)) - 0.5) < Math.abs(x / step) * 2 ** -22;
          if (!nearTie) expect(got[i]).toBe(quantize(x, step, 0, range) + 0);
        }
      }
    });

    it('takes zero to zero, and huge and infinite values to the ends', () => {
      const { qmin, qmax } = range;
      const inf = Number.POSITIVE_INFINITY;
      const low = qmin + 0;
      expect(levels([0, 3.4e38, -3.4e38, inf, -inf], 1e-3, spec)).toEqual([0, qmax, low, qmax, low]);
      expect(levels([0, 0, 0], 1e-3, spec)).toEqual([0, 0, 0]);
      const constant = quantize(0.3, 0.25, 0, range) + 0;
      expect(levels([0.3, 0.3], 0.25, spec)).toEqual([constant, constant]);
    });
  });

  it('takes NaN to NaN; the gradients are NaN too', () => {
    const spec = makeSpec({ bits: 4 });
    expect(levels([Number.NaN, 1], 1, spec)).toEqual([Number.NaN, 1]);
    tf.tidy(() => {
      const loss = (x: tf.Tensor, s: tf.Tensor) => tf.sum(real(fakeQuant({ value: x, scale: null }, gridAt(s), spec)));
      const [dx, ds] = tf.grads(loss)([tf.tensor1d([Number.NaN, 1]), tf.tensor1d([1])]);
      expect([...(dx as tf.Tensor).dataSync()]).toEqual([Number.NaN, 1]);
      expect([...(ds as tf.Tensor).dataSync()]).toEqual([Number.NaN]);
    });
  });

  it('has one step for each channel of the last axis', () => {
    const spec = makeSpec({ bits: 4, granularity: 'channel' });
    expect(levels([1, 1, 1, -3, -3, -3], [1, 0.5, 0.1], spec)).toEqual([1, 2, 7, -3, -6, -8]);
  });

  it('rounds at random with a seed, and to the nearest where that is asked for', () => {
    const spec = makeSpec({ bits: 4, ste: 'stochastic' });
    tf.tidy(() => {
      const x = scaled(tf.tensor1d([2.4, 2.4, 2.4, 2.4, 2.4, 2.4, 2.4, 2.4, 2.4, 2.4, 2.4, 2.4]));
      const draw = (seed?: number | 'nearest') => [
        ...fakeQuant(x, gridAt(tf.tensor1d([1])), spec, seed).value.dataSync(),
      ];
      expect(new Set(draw(1))).toEqual(new Set([2, 3]));
      expect(draw(1)).toEqual(draw(1));
      expect(draw(1)).not.toEqual(draw(2));
      expect(draw('nearest')).toEqual(new Array(12).fill(2));
      expect(() => draw()).toThrow('seed must be given for the estimator stochastic');
    });
  });

  it('leaves a step of null at 1', () => {
    expect(levels([0.4, 0.5, 1.5, 300, -7], null, makeSpec({ bits: 8, signed: false }))).toEqual([0, 0, 2, 255, 0]);
  });

  it('multiplies an incoming scale with one ratio', () => {
    const spec = makeSpec({ bits: 8 });
    tf.tidy(() => {
      const value = tf.tensor2d([3, 5, -7, 11], [2, 2]);
      const q = fakeQuant({ value, scale: tf.tensor1d([0.5, 2]) }, gridAt(tf.tensor1d([0.25])), spec);
      expect([...q.value.dataSync()]).toEqual([6, 40, -14, 88]);
      expect([...real(q).dataSync()]).toEqual([1.5, 10, -3.5, 22]);
    });
  });

  it('leaks no tensors', () => {
    const spec = makeSpec({ bits: 4 });
    const [x, s] = [tf.tensor1d([0.2, 9, -9]), tf.tensor1d([0.1])];
    const before = tf.memory().numTensors;
    tf.tidy(() => real(fakeQuant({ value: x, scale: null }, gridAt(s), spec)).dataSync());
    tf.dispose(tf.grads((a, b) => real(fakeQuant({ value: a, scale: null }, gridAt(b), spec)))([x, s]));
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([x, s]);
  });

  describe('gradients of sum w * x^', () => {
    const spec = makeSpec({ bits: 3 }); // -4..3
    const { qmin, qmax } = levelRange(spec);
    // In steps: inside, on both edges, just outside, far outside.
    const ratios = [0, 0.3, 1.2, -2.6, 2.9, 3, -4, 3.1, -4.1, 60, -60];
    const weights = ratios.map((_, i) => 1 + 0.5 * i);

    /** LSQ, equations 2 and 3, by hand: the edges belong to the inside, where `q - x/s` is 0. */
    const inside = (r: number) => r >= qmin && r <= qmax;
    const perStep = (r: number) => (inside(r) ? roundHalfEven(r) - r : r > 0 ? qmax : qmin);

    function gradients(
      values: readonly number[],
      channels: number,
      scale: readonly number[] | null,
      steps: readonly number[],
    ) {
      return tf.tidy(() => {
        const shape: [number, number] = [values.length / channels, channels];
        const w = tf.tensor2d([...weights, ...weights].slice(0, values.length), shape);
        const loss = (x: tf.Tensor, logStep: tf.Tensor, s: tf.Tensor) => {
          const input = { value: x, scale: scale && (s as tf.Tensor1D) };
          const q = fakeQuant(input, gridOf({ logStep: logStep as tf.Tensor1D }, spec, input), spec);
          return tf.add(tf.sum(tf.mul(real(q), w)), tf.mul(tf.sum(s), 0));
        };
        const grads = tf.grads(loss)([
          tf.tensor2d([...values], shape),
          tf.tensor1d(steps.map(Math.log)),
          tf.tensor1d([...(scale ?? [1])]),
        ]);
        return grads.map((grad) => [...grad.dataSync()]);
      });
    }
    const near = (got: readonly number[] | undefined, wanted: readonly number[]) => {
      expect(got?.length).toBe(wanted.length);
      for (const [i, value] of wanted.entries()) {
        expect(Math.abs((got?.[i] as number) - value)).toBeLessThan(2e-5 * Math.max(1, Math.abs(value)));
      }
    };
    const sum = (terms: readonly number[]) => terms.reduce((a, b) => a + b, 0);

    it('are the identity inside and on the edges, 0 outside; the step gets LSQ times s', () => {
      for (const step of [0.5, 2]) {
        const [dx, dLogStep] = gradients(
          ratios.map((r) => r * step),
          1,
          null,
          [step],
        );
        near(
          dx,
          ratios.map((r, i) => (inside(r) ? (weights[i] as number) : 0)),
        );
        near(dLogStep, [step * sum(ratios.map((r, i) => (weights[i] as number) * perStep(r)))]);
      }
    });

    it('reach an incoming scale of one step', () => {
      const [step, scale] = [0.5, 4];
      const values = ratios.map((r) => (r * step) / scale);
      const [dValue, dLogStep, dScale] = gradients(values, 1, [scale], [step]);
      near(
        dValue,
        ratios.map((r, i) => (inside(r) ? (weights[i] as number) * scale : 0)),
      );
      near(dLogStep, [step * sum(ratios.map((r, i) => (weights[i] as number) * perStep(r)))]);
      near(dScale, [sum(values.map((v, i) => (inside(ratios[i] as number) ? (weights[i] as number) * v : 0)))]);
    });

    it.each([
      ['one step', [0.5, 0.5], [0.5]],
      ['a step for each channel', [0.5, 2], [0.5, 2]],
    ])('reach an incoming scale for each channel, with %s', (_, stepOfChannel, steps) => {
      const scale = [4, 0.25];
      const ratio = (i: number) => ratios[i >> 1] as number;
      const values = Array.from({ length: 2 * ratios.length }, (_, i) => {
        return (ratio(i) * (stepOfChannel[i % 2] as number)) / (scale[i % 2] as number);
      });
      const w = [...weights, ...weights];
      const channel = (c: number, term: (i: number) => number) =>
        sum(values.map((_, i) => (i % 2 === c ? (w[i] as number) * term(i) : 0)));
      const [dValue, dLogStep, dScale] = gradients(values, 2, scale, steps);
      near(
        dValue,
        values.map((_, i) => (inside(ratio(i)) ? (w[i] as number) * (scale[i % 2] as number) : 0)),
      );
      const own = [0, 1].map((c) => (stepOfChannel[c] as number) * channel(c, (i) => perStep(ratio(i))));
      near(dLogStep, steps.length === 2 ? own : [sum(own)]);
      near(
        dScale,
        [0, 1].map((c) => channel(c, (i) => (inside(ratio(i)) ? (values[i] as number) : 0))),
      );
    });
  });

  describe('quantizationError', () => {
    it('is mean |x - Q(x)|; the estimator cancels its gradient inside, and clipped values pull', () => {
      const spec = makeSpec({ bits: 3 });
      const loss = (x: tf.Tensor, s: tf.Tensor) => quantizationError(scaled(x), fakeQuant(scaled(x), gridAt(s), spec));
      tf.tidy(() => {
        const { value, grads } = tf.valueAndGrads(loss)([tf.tensor1d([0.6, -0.8, 4, -4]), tf.tensor1d([0.5])]);
        // Levels 1, -2, 3 and -4 are 0.5, -1, 1.5 and -2.
        expect(value.dataSync()[0]).toBeCloseTo((0.1 + 0.2 + 2.5 + 2) / 4, 6);
        expect([...(grads[0] as tf.Tensor).dataSync()]).toEqual([0, 0, 0.25, -0.25]);
        // sign(x - x^) * -dx^/ds: inside -(q - x/s), outside -qmax and qmin.
        expect((grads[1] as tf.Tensor).dataSync()[0]).toBeCloseTo((0.2 + 0.4 - 3 - 4) / 4, 5);
      });
    });

    it('is in the units of the tensor, whatever the steps of its channels', () => {
      const spec = makeSpec({ bits: 4, granularity: 'channel' });
      tf.tidy(() => {
        const x = { value: tf.tensor2d([[0.125, 0.5]]), scale: tf.tensor1d([2, 0.5]) };
        const q = fakeQuant(x, gridAt(tf.tensor1d([1, 0.2])), spec);
        expect(quantizationError(x, q).dataSync()[0]).toBeCloseTo((0.25 + 0.05) / 2, 6);
      });
    });
  });
});
