import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { devices } from '../../test/devices.js';
import { QuantError } from '../error.js';
import { fakeQuant, gridOf } from '../fake-quant.js';
import { levelRange } from '../grids.js';
import { makeSpec, type QuantSpec } from '../quant-spec.js';
import { real, scaled } from '../scaled.js';
import { quantizerByName, quantizers } from './registry.js';
import type { GridFit, Quantizer, QuantizerParams } from './types.js';

const entries: readonly (readonly [string, Quantizer])[] = Object.entries(quantizers);

describe.each(devices)('on %s', (device) => {
  beforeAll(() => useBackend(device));

  describe.each(entries)('quantizer %s', (key, quantizer) => {
    const specs = [1, 2, 3, 4, 8].flatMap((bits) =>
      [true, false].map((signed) => makeSpec({ bits, signed, quantizer: key })),
    );
    const paramsOf = (fit: GridFit, spec: QuantSpec, channels: number): QuantizerParams =>
      Object.fromEntries(
        Object.entries(quantizer.init(fit, spec, channels)).map(([name, values]) => [name, tf.tensor1d(values)]),
      );
    const fitTo = (calibrated: readonly number[]): GridFit => ({
      steps: Float32Array.from(calibrated),
      zeroPoints: new Float32Array(calibrated.length),
    });
    /** The step that the quantizer makes of calibrated ones, as numbers; a quantizer without parameters has step 1. */
    const stepsFrom = (
      calibrated: readonly number[],
      spec = makeSpec({ bits: 4, quantizer: key }),
    ): number[] | null => {
      let steps: number[] | null = null;
      tf.tidy(() => {
        const x = scaled(tf.ones([2, calibrated.length]));
        const { step } = gridOf(paramsOf(fitTo(calibrated), spec, calibrated.length), spec, x);
        if (step) steps = [...step.dataSync()];
      });
      return steps;
    };

    it('is found by its name and described', () => {
      expect(quantizer.name).toBe(key);
      expect(quantizer.description).not.toBe('');
      expect(quantizerByName(key)).toBe(quantizer);
    });

    it('starts at the calibrated steps, one or one for each channel, whatever their magnitude', () => {
      for (const calibrated of [[0.25], [1e-6, 1, 3e5]]) {
        const init = quantizer.init(fitTo(calibrated), makeSpec({ bits: 4 }), calibrated.length);
        expect(Object.keys(init)).toEqual(Object.keys(quantizer.params));
        for (const values of Object.values(init)) expect(values.length).toBe(calibrated.length);
        const steps = stepsFrom(calibrated);
        if (Object.keys(quantizer.params).length === 0) expect(steps).toBeNull();
        else for (const [i, step] of calibrated.entries()) expect((steps?.[i] as number) / step).toBeCloseTo(1, 5);
      }
    });

    it('keeps grid points and zero, and gives integers within the grid', () => {
      for (const spec of specs) {
        const { qmin, qmax } = levelRange(spec);
        const step = stepsFrom([0.37], spec);
        const wanted = Array.from({ length: qmax - qmin + 1 }, (_, i) => qmin + i);
        tf.tidy(() => {
          const value = tf.tensor1d([...wanted.map((q) => q * (step?.[0] ?? 1)), -1e9, 1e9]);
          const q = fakeQuant(scaled(value), { step: step && tf.tensor1d(step), zeroPoint: null }, spec);
          expect(Array.from(q.value.dataSync(), (level) => level + 0)).toEqual([...wanted, qmin + 0, qmax]);
        });
      }
    });

    it('is differentiable in every parameter, and leaks no tensors', () => {
      const spec = makeSpec({ bits: 4, quantizer: key });
      const before = tf.memory().numTensors;
      tf.tidy(() => {
        const init = quantizer.init(fitTo([0.1, 0.2]), spec, 2);
        const names = Object.keys(quantizer.params);
        const x = scaled(tf.tensor2d([0.33, 0.33, 5, -5], [2, 2]));
        const loss = (...params: tf.Tensor[]) => {
          const named = Object.fromEntries(names.map((name, i) => [name, params[i] as tf.Tensor1D]));
          return tf.sum(real(fakeQuant(x, gridOf(named, spec, x), spec)));
        };
        if (names.length === 0) return;
        for (const grad of tf.grads(loss)(Object.values(init).map((values) => tf.tensor1d(values)))) {
          expect(grad.dataSync().every((value) => Number.isFinite(value) && value !== 0)).toBe(true);
        }
      });
      expect(tf.memory().numTensors).toBe(before);
    });
  });
});

it('an unknown name is refused with the choices', () => {
  expect(() => quantizerByName('toString')).toThrow(QuantError);
  expect(() => quantizerByName('unheard')).toThrow('quantizer must be one of lsq-log, lsq, fixed, got "unheard"');
});
