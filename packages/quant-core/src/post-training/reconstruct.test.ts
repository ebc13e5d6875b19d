import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomNumbers } from '../../test/devices.js';
import { everyGrid, nameOf } from '../../test/grids.js';
import { fakeQuant, gridOf } from '../fake-quant.js';
import { levelRange } from '../grids.js';
import { makeSpec, type QuantSpec } from '../quant-spec.js';
import { real, type Scaled, scaled } from '../scaled.js';
import { type Block, reconstruct } from './reconstruct.js';
import type { ReconstructionData } from './reconstruction-data.js';
import { type Roundable, roundNearest } from './rounding.js';

beforeAll(() => useBackend('wasm'));

const dense: Block = ({ weights }, [x]) => tf.matMul(x as tf.Tensor2D, real(weights['w'] as Scaled<tf.Rank.R2>));

/** A dense layer on correlated inputs: rounding errors can cancel each other. */
function problem(seed: number, inputs: number, outputs: number, spec: QuantSpec, samples = 256) {
  const random = randomNumbers(seed);
  const weights = Float32Array.from({ length: inputs * outputs }, () => random() * 0.9);
  const mixing = Array.from({ length: inputs * inputs }, () => random());
  const x = new Float32Array(samples * inputs);
  for (let n = 0; n < samples; n++) {
    const source = Array.from({ length: 3 }, () => random());
    for (let i = 0; i < inputs; i++) {
      x[n * inputs + i] = source.reduce((sum, s, k) => sum + s * (mixing[i * inputs + k] as number), 0.2 * random());
    }
  }
  const { qmin, qmax } = levelRange(spec);
  const entries = spec.granularity === 'channel' ? outputs : 1;
  const steps = new Float32Array(entries).fill(spec.affine ? 2 / (qmax - qmin) : 1 / Math.max(qmax, -qmin));
  const zeroPoints = new Float32Array(entries).fill(Math.round((qmin + qmax) / 2));
  const roundable: Roundable = { weights, shape: [inputs, outputs], spec, steps, ...(spec.affine && { zeroPoints }) };
  const input = tf.tensor2d(x, [samples, inputs]);
  const targets = tf.tidy(() => tf.matMul(input, tf.tensor2d(weights, [inputs, outputs])));
  const data: ReconstructionData = { inputs: [input], targets };
  return { roundable, data, dispose: () => tf.dispose([input, targets]) };
}

/** The squared error of given real weights, in float64. */
function errorOf(weights: ArrayLike<number>, { roundable, data }: ReturnType<typeof problem>): number {
  const [inputs, outputs] = roundable.shape as [number, number];
  const x = (data.inputs[0] as tf.Tensor).dataSync();
  const y = data.targets.dataSync();
  const samples = y.length / outputs;
  let sum = 0;
  for (let n = 0; n < samples; n++) {
    for (let o = 0; o < outputs; o++) {
      let out = 0;
      for (let i = 0; i < inputs; i++) out += (x[n * inputs + i] as number) * (weights[i * outputs + o] as number);
      sum += (out - (y[n * outputs + o] as number)) ** 2;
    }
  }
  return sum / samples;
}

/** The least error over all roundings up or down. */
function bestOfAll(own: ReturnType<typeof problem>): number {
  const { weights, steps, spec } = own.roundable;
  const { qmin, qmax } = levelRange(spec);
  const step = steps[0] as number;
  let least = Number.POSITIVE_INFINITY;
  for (let choice = 0; choice < 2 ** weights.length; choice++) {
    const candidate = weights.map((weight, i) => {
      const level = Math.floor(weight / step) + ((choice >> i) & 1);
      return Math.min(qmax, Math.max(qmin, level)) * step;
    });
    least = Math.min(least, errorOf(candidate, own));
  }
  return least;
}

describe('reconstruct', () => {
  it('comes near the best of all 2^10 roundings of one output, and is never worse than the nearest', () => {
    const gap = { nearest: 0, learned: 0 };
    for (const seed of [1, 2, 3, 4]) {
      const own = problem(seed, 10, 1, makeSpec({ bits: 3 }), 64);
      const { weights, error } = reconstruct(dense, { w: own.roundable }, {}, own.data, {
        batchSize: 64,
        roundingRate: 0.03,
      });
      expect(errorOf(weights['w']?.weights as Float32Array, own)).toBeCloseTo(error.learned, 5);
      expect(errorOf(roundNearest(own.roundable).weights, own)).toBeCloseTo(error.nearest, 5);
      expect(error.learned).toBeLessThanOrEqual(error.nearest);
      const best = bestOfAll(own);
      gap.nearest += (error.nearest - best) / error.nearest;
      gap.learned += (error.learned - best) / error.nearest;
      own.dispose();
    }
    expect(gap.learned).toBeLessThan(gap.nearest / 3);
  });

  it.each(
    everyGrid([2, 4])
      .filter(({ signed, affine }) => signed || affine)
      .map((spec) => [nameOf(spec), spec] as const),
  )('takes most of the error of nearest rounding away from a layer: %s', (_, spec) => {
    const own = problem(spec.bits, 32, 16, makeSpec({ ...spec, granularity: 'channel' }), 128);
    const { weights, error } = reconstruct(dense, { w: own.roundable }, {}, own.data, {
      iterations: 200,
      batchSize: 64,
    });
    expect(error.learned).toBeLessThan(error.nearest * 0.35);
    const { qmin, qmax, spacing } = levelRange(spec);
    const levels = weights['w']?.levels as Float32Array;
    expect(levels.every((q) => q >= qmin && q <= qmax && (q - qmin) % spacing === 0)).toBe(true);
    const zero = own.roundable.zeroPoints?.[0] ?? 0;
    const step = own.roundable.steps[0] as number;
    expect(weights['w']?.weights).toEqual(levels.map((q) => (q - zero) * step));
    own.dispose();
  });

  it('moves no weight further than to a neighbouring level', () => {
    const own = problem(7, 24, 8, makeSpec({ bits: 4 }), 64);
    const { weights } = reconstruct(dense, { w: own.roundable }, {}, own.data, { iterations: 60 });
    const step = own.roundable.steps[0] as number;
    for (const [i, q] of (weights['w']?.levels ?? []).entries()) {
      const r = Math.min(7, Math.max(-8, (own.roundable.weights[i] as number) / step));
      expect(Math.abs(q - r)).toBeLessThan(1 + 1e-5);
    }
    own.dispose();
  });

  describe('of a block with an activation quantizer', () => {
    const spec = makeSpec({ bits: 3, granularity: 'channel' });
    const between = makeSpec({ bits: 3, signed: false });
    const block: Block = ({ weights, learned, drop }, [x]) => {
      const hidden = tf.relu(tf.matMul(x as tf.Tensor2D, real(weights['a'] as Scaled<tf.Rank.R2>)));
      const { logStep } = learned as { logStep: tf.Tensor1D };
      const levels = fakeQuant(scaled(hidden), gridOf({ logStep }, between, scaled(hidden)), between);
      return tf.matMul(drop(hidden, real(levels)), real(weights['b'] as Scaled<tf.Rank.R2>));
    };
    const setUp = () => {
      const first = problem(11, 16, 12, spec, 96);
      const second = problem(12, 12, 6, spec, 1);
      const targets = tf.tidy(() =>
        tf.matMul(tf.relu(first.data.targets) as tf.Tensor2D, tf.tensor2d(second.roundable.weights, [12, 6])),
      );
      const data = { inputs: first.data.inputs, targets };
      // A step that clips half of the range.
      const learned = { logStep: Float32Array.of(Math.log(0.1)) };
      const weights = { a: first.roundable, b: second.roundable };
      const dispose = () => {
        first.dispose();
        second.dispose();
        targets.dispose();
      };
      return { data, learned, weights, dispose };
    };

    it('learns its step too', () => {
      const { data, learned, weights, dispose } = setUp();
      const fixed = reconstruct(block, weights, learned, data, { iterations: 200, learnedRate: 0 });
      const free = reconstruct(block, weights, learned, data, { iterations: 200, learnedRate: 0.02 });
      expect(fixed.learned['logStep']).toEqual(learned.logStep);
      expect(free.learned['logStep']?.[0]).toBeGreaterThan(Math.log(0.12));
      expect(fixed.error.learned).toBeLessThan(fixed.error.nearest);
      expect(free.error.learned).toBeLessThan(fixed.error.learned * 0.7);
      dispose();
    });

    it('may leave activations unquantized at random while it learns, never when it is measured', () => {
      const { data, learned, weights, dispose } = setUp();
      const shares: number[] = [];
      const counted: Block = (parts, inputs) =>
        block({ ...parts, drop: (x, quantized) => count(x, quantized, parts.drop(x, quantized)) }, inputs);
      const count = <R extends tf.Rank>(x: tf.Tensor<R>, quantized: tf.Tensor<R>, taken: tf.Tensor<R>) => {
        const [own, other, result] = [x, quantized, taken].map((t) => t.dataSync()) as [
          Float32Array,
          Float32Array,
          Float32Array,
        ];
        // x + (q - x) may be a bit off q.
        const near = (a: number, b: number) => Math.abs(a - b) < 1e-5;
        const differing = [...result.keys()].filter((i) => !near(own[i] as number, other[i] as number));
        shares.push(differing.filter((i) => near(result[i] as number, other[i] as number)).length / differing.length);
        expect(
          differing.every(
            (i) => near(result[i] as number, own[i] as number) || near(result[i] as number, other[i] as number),
          ),
        ).toBe(true);
        return taken;
      };
      const { error } = reconstruct(counted, weights, learned, data, {
        iterations: 100,
        quantizedShare: 0.5,
        batchSize: 32,
      });
      expect(error.learned).toBeLessThan(error.nearest);
      expect(shares.filter((share) => share === 1).length).toBe(6);
      const learning = shares.filter((share) => share !== 1);
      expect(learning.length).toBe(100);
      expect(learning.reduce((a, b) => a + b, 0) / 100).toBeCloseTo(0.5, 1);
      dispose();
    });

    it('mixes the inputs of the float network in', () => {
      const { data, learned, weights, dispose } = setUp();
      const floatInputs = data.inputs.map((input) => tf.fill(input.shape, 9));
      const seen = new Set<boolean>();
      const watching: Block = (parts, inputs) => {
        const values = inputs[0]?.dataSync() as Float32Array;
        seen.add(values.some((x) => Math.abs(x - 9) < 1e-5) && values.some((x) => x < 5));
        return block(parts, inputs);
      };
      reconstruct(watching, weights, learned, { ...data, floatInputs }, { iterations: 3, quantizedShare: 0.5 });
      expect([...seen].sort()).toEqual([false, true]);
      tf.dispose(floatInputs);
      dispose();
    });

    it('gives the same bits for the same seed, others for another', () => {
      const { data, learned, weights, dispose } = setUp();
      const run = (seed: number) => {
        const progress: number[] = [];
        const result = reconstruct(block, weights, learned, data, {
          iterations: 30,
          quantizedShare: 0.5,
          seed,
          onProgress: (iteration, error) => {
            expect(iteration).toBe(progress.length);
            progress.push(error);
          },
        });
        return { result, progress };
      };
      const [first, again, other] = [run(1), run(1), run(2)];
      expect(again).toEqual(first);
      expect(first.progress.length).toBe(30);
      expect(other.progress).not.toEqual(first.progress);
      dispose();
    });

    it('leaves no tensor behind, also when the block throws', () => {
      const { data, learned, weights, dispose } = setUp();
      const before = tf.memory().numTensors;
      reconstruct(block, weights, learned, data, { iterations: 5, quantizedShare: 0.5 });
      expect(tf.memory().numTensors).toBe(before);
      let calls = 0;
      const failing: Block = (parts, inputs) => {
        if (++calls > 4) throw new Error('no');
        return block(parts, inputs);
      };
      expect(() => reconstruct(failing, weights, learned, data, { batchSize: 48 })).toThrow('no');
      expect(tf.memory().numTensors).toBe(before);
      dispose();
    });
  });

  it('refuses what it cannot learn from', () => {
    const own = problem(1, 4, 2, makeSpec({ bits: 3 }), 8);
    const { roundable, data } = own;
    const run =
      (roundings: Roundable, over: Partial<ReconstructionData>, options = {}) =>
      () =>
        reconstruct(dense, { w: roundings }, {}, { ...data, ...over }, options);
    const none = tf.zeros([0, 2]);
    const infinite = tf.fill([8, 2], Number.POSITIVE_INFINITY);
    const before = tf.memory().numTensors;
    expect(run(roundable, { targets: none })).toThrow('data must have as many inputs as targets, at least 1');
    expect(run(roundable, { targets: infinite })).toThrow('error of nearest rounding must be finite');
    expect(run(roundable, {}, { iterations: -1 })).toThrow('iterations must be a whole number >= 0, got -1');
    expect(run(roundable, {}, { batchSize: 0 })).toThrow('batchSize must be');
    expect(run(roundable, {}, { quantizedShare: 1.5 })).toThrow('quantizedShare must be in [0, 1]');
    expect(run({ ...roundable, shape: [4, 3] }, {})).toThrow(
      'weights must fill their shape, got 8 weights of shape 4x3',
    );
    expect(run({ ...roundable, steps: Float32Array.of(0) }, {})).toThrow('steps must be positive');
    expect(run({ ...roundable, steps: new Float32Array(3).fill(1) }, {})).toThrow('one for each output channel');
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([none, infinite]);
    own.dispose();
  });
});
