/** Every quantizer with every estimator gives the levels of the scalar truth: on all grids, at all grid points and ties, and beyond. */
import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { fakeQuant, gridOf } from '../src/fake-quant.js';
import { levelRange } from '../src/grids.js';
import { initQuantizer } from '../src/init-quantizer.js';
import type { QuantSpec } from '../src/quant-spec.js';
import { type QuantizerName, quantizerByName, quantizers, type SteName, stes } from '../src/registry.js';
import { quantize } from '../src/scalar.js';
import { real, scaled } from '../src/scaled.js';
import { plain } from './case.js';
import { devices } from './devices.js';
import { servedSpecs, title } from './specs.js';

/** Real values, and the levels less the zero point that they may become: two where the rounding is random. */
interface Probe {
  readonly x: readonly number[];
  readonly levels: readonly (readonly number[])[];
}

const CHANNELS = 3;
const names = Object.keys(quantizers) as readonly QuantizerName[];
const steNames = Object.keys(stes) as readonly SteName[];

/** Steps whose multiples and reciprocals are exact in float32, as the quantizer's own arithmetic keeps them: `exp(log s)` is exact at 1 only. */
function exactSteps({ quantizer, granularity }: QuantSpec): readonly number[] {
  const exact = quantizer === 'lsq-log' || quantizer === 'fixed' ? [1, 1, 1] : [0.25, 1, 8];
  return granularity === 'channel' ? exact : exact.slice(0, 1);
}

/** Zero points that lie inside the grid, at its ends, and on odd levels. */
function zeroPoints({ affine, granularity, quantizer, ...shape }: QuantSpec): readonly number[] {
  if (quantizer === 'fixed' && affine) return [2 ** (shape.bits - 2)];
  const { qmin, qmax } = levelRange(shape);
  const zeros = affine ? [Math.min(qmax, qmin + 3), qmax, qmin] : [0, 0, 0];
  return granularity === 'channel' ? zeros : zeros.slice(0, 1);
}

/** For each channel in turn: all levels, all ties between them, quarters, and values beyond. */
function probe(spec: QuantSpec, steps: readonly number[], zeros: readonly number[]): Probe {
  const range = levelRange(spec);
  const { qmin, qmax, spacing } = range;
  const x: number[] = [];
  const levels: (readonly number[])[] = [];
  const positions = [qmin - 40, qmin - 0.75, qmax + 0.5, qmax + 1, qmax + 77];
  for (let level = qmin; level <= qmax; level += spacing) {
    positions.push(level, level - spacing / 2, level + spacing / 2, level + spacing / 4, level - spacing / 4);
  }
  for (const position of positions) {
    for (let c = 0; c < CHANNELS; c++) {
      const [step, zero] = [steps[c % steps.length] as number, zeros[c % zeros.length] as number];
      const value = (position - zero) * step;
      x.push(value);
      const nearest = quantize(value, step, zero, range);
      const isBetween = position > qmin && position < qmax && (position - qmin) % spacing !== 0;
      const low = qmin + Math.floor((position - qmin) / spacing) * spacing;
      const drawn = isBetween ? [low, low + spacing] : [nearest];
      levels.push((spec.ste === 'stochastic' ? drawn : [nearest]).map((level) => level - zero + 0));
    }
  }
  return { x, levels };
}

/** What differs from {@link probe}: quantizers that look at the tensor or change it first. */
const probes: Partial<Record<QuantizerName, (spec: QuantSpec) => Probe>> = {
  // Signs: zero and what float32 calls a zero go up.
  xnor: () => ({
    x: [-3, 2, -0.5, 1, 0, -2, 0.25, -0.125, 1e-30],
    levels: [-1, 1, -1, 1, 1, -1, 1, -1, 1].map((level) => (level < 0 ? [-1] : [1])),
  }),
  // Mean magnitude 1 of all and of each channel: the cut is at 0.7.
  ternary: () => ({
    x: [0.5, -0.5, 2, -2.0, 2, -1.5, 0.5, 0.5, 0.125, -0.25, 1.375, 0.0, 1.75, 0.625, 1.375],
    levels: [0, 0, 1, -1, 1, -1, 0, 0, 0, 0, 1, 0, 1, 0, 1].map((level) => [level]),
  }),
};

function run(spec: QuantSpec, { x, levels }: Probe, steps: readonly number[], zeros: readonly number[]): void {
  tf.tidy(() => {
    const fit = { steps: Float32Array.from(steps), zeroPoints: Float32Array.from(zeros) };
    const params = Object.entries(initQuantizer(spec, fit, CHANNELS)).map(([name, values]) => {
      return [name, tf.tensor1d(values)] as const;
    });
    const input = scaled(tf.tensor2d([...x], [x.length / CHANNELS, CHANNELS]));
    const output = fakeQuant(input, gridOf(Object.fromEntries(params), spec, input), spec, 3);
    const got = plain(output.value);
    const wrong = got.flatMap((level, i) => (levels[i]?.includes(level) ? [] : [[x[i], level, levels[i]]]));
    expect(wrong, title(spec)).toEqual([]);
    const scale = plain(output.scale ?? tf.ones([1]));
    expect(scale.every((value) => value > 0)).toBe(true);
    expect(plain(real(output))).toEqual(
      got.map((level, i) => Math.fround(level * (scale[i % scale.length] as number)) + 0),
    );
  });
}

describe.each(devices)('on %s', (device) => {
  beforeAll(() => useBackend(device));

  describe.each(names)('%s', (name) => {
    it.each(steNames)('with %s gives the levels of the scalar truth, and leaks no tensors', (ste) => {
      const specs = servedSpecs(quantizers[name], ste);
      expect(specs.length).toBeGreaterThan(0);
      const before = tf.memory().numTensors;
      for (const spec of specs) {
        if (name === 'dorefa' && spec.signed) continue;
        const [steps, zeros] = [exactSteps(spec), zeroPoints(spec)];
        const own = probes[name]?.(spec);
        // Random draws between levels are for the estimator's own tests.
        if (own && ste === 'stochastic') continue;
        run(spec, own ?? probe(spec, steps, zeros), steps, zeros);
      }
      expect(tf.memory().numTensors).toBe(before);
    });

    it('keeps every grid point, whatever the step', () => {
      for (const spec of servedSpecs(quantizers[name])) {
        if (quantizerByName(name).dynamic?.(spec) || name === 'fixed') continue;
        const { qmin, qmax, spacing } = levelRange(spec);
        const all = Array.from({ length: (qmax - qmin) / spacing + 1 }, (_, i) => qmin + i * spacing);
        const awkward = spec.granularity === 'channel' ? [0.1, 1 / 3, 37.7] : [1e-4];
        const zeros = zeroPoints(spec);
        const cells = all.flatMap((level) => [0, 1, 2].map((c) => [level, c] as const));
        const at = (list: readonly number[], c: number) => list[c % list.length] as number;
        const x = cells.map(([level, c]) => (level - at(zeros, c)) * Math.fround(at(awkward, c)));
        run(spec, { x, levels: cells.map(([level, c]) => [level - at(zeros, c) + 0]) }, awkward, zeros);
      }
    });
  });

  it('dorefa gives weights the levels of their tanh, the largest the outermost one', () => {
    for (const spec of servedSpecs(quantizers.dorefa).filter(({ signed }) => signed)) {
      const { qmin, qmax } = levelRange(spec);
      const all = Array.from({ length: (qmax - qmin) / 2 + 1 }, (_, i) => qmin + 2 * i);
      const cells = all.flatMap((level) => [0, 1, 2].map(() => level));
      const x = cells.map((level) => Math.atanh((0.75 * level) / qmax));
      const steps = spec.granularity === 'channel' ? [0.1, 1 / 3, 37.7] : [0.01];
      const zeros = steps.map(() => 0);
      run(spec, { x, levels: cells.map((level) => [level]) }, steps, zeros);
    }
  });

  it('quantsr adds the shift of each channel first', () => {
    tf.tidy(() => {
      const [spec] = servedSpecs(quantizers.quantsr, 'clipped', [4]) as [QuantSpec];
      const params = { step: tf.tensor1d([0.5]), shift: tf.tensor1d([0.5, -1, 0]) };
      const input = { value: tf.tensor2d([[4, 4, 4]]), scale: tf.tensor1d([0.5]) };
      expect(plain(fakeQuant(input, gridOf(params, spec, input), spec).value)).toEqual([5, 2, 4]);
    });
  });
});
