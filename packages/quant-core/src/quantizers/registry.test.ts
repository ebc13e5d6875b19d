import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { devices } from '../../test/devices.js';
import { QuantError } from '../error.js';
import { fakeQuant, stepOf } from '../fake-quant.js';
import { levelRange } from '../grids.js';
import { makeSpec } from '../quant-spec.js';
import { quantizerByName, quantizers } from './registry.js';
import type { Quantizer } from './types.js';

const entries: readonly (readonly [string, Quantizer])[] = Object.entries(quantizers);

describe.each(devices)('on %s', (device) => {
  beforeAll(() => useBackend(device));

  describe.each(entries)('quantizer %s', (key, quantizer) => {
    const specs = [1, 2, 3, 4, 8].flatMap((bits) =>
      [true, false].map((signed) => makeSpec({ bits, signed, quantizer: key })),
    );
    /** The step that the quantizer makes of calibrated ones, as numbers; a quantizer without parameters has step 1. */
    const stepsFrom = (
      calibrated: readonly number[],
      spec = makeSpec({ bits: 4, quantizer: key }),
    ): number[] | null => {
      let steps: number[] | null = null;
      tf.tidy(() => {
        const params = Object.entries(quantizer.init(Float32Array.from(calibrated), spec));
        const step = stepOf(Object.fromEntries(params.map(([name, values]) => [name, tf.tensor1d(values)])), spec);
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
        const init = quantizer.init(Float32Array.from(calibrated), makeSpec({ bits: 4 }));
        expect(Object.keys(init)).toEqual([...quantizer.params]);
        for (const values of Object.values(init)) expect(values.length).toBe(calibrated.length);
        const steps = stepsFrom(calibrated);
        if (quantizer.params.length === 0) expect(steps).toBeNull();
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
          const q = fakeQuant({ value, scale: null }, step && tf.tensor1d(step), spec);
          expect(Array.from(q.value.dataSync(), (level) => level + 0)).toEqual([...wanted, qmin + 0, qmax]);
        });
      }
    });

    it('is differentiable in every parameter, and leaks no tensors', () => {
      const spec = makeSpec({ bits: 4, quantizer: key });
      const before = tf.memory().numTensors;
      tf.tidy(() => {
        const init = quantizer.init(Float32Array.of(0.1, 0.2), spec);
        const x = tf.tensor2d([0.33, 0.33, 5, -5], [2, 2]);
        const loss = (...params: tf.Tensor[]) => {
          const named = Object.fromEntries(quantizer.params.map((name, i) => [name, params[i] as tf.Tensor1D]));
          const { value, scale } = fakeQuant({ value: x, scale: null }, stepOf(named, spec), spec);
          return tf.sum(scale ? tf.mul(value, scale) : value);
        };
        if (quantizer.params.length === 0) return;
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
  expect(() => quantizerByName('pact')).toThrow('quantizer must be one of lsq, fixed, got "pact"');
});
