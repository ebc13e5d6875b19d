import { useBackend } from '@fqsr/backends';
import { type Observer, planFromPreset } from '@fqsr/quant-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { calibratedParams, perChannelPlan, tinyQuantized } from '../test/networks.js';
import { applyCalibration, createObservers, observe, observerStates } from './calibrate.js';
import { initParams } from './passes/init.js';

beforeAll(() => useBackend('wasm'));

/** Observers that keep what they are shown. */
function recorders(count: number): { observers: Observer[]; seen: number[][] } {
  const seen: number[][] = Array.from({ length: count }, () => []);
  const observers = seen.map((values) => ({
    observe: (sample: Float32Array) => values.push(...sample),
    fit: () => ({ step: 1, zeroPoint: 0 }),
    merge: () => {},
    state: () => ({}),
  }));
  return { observers, seen };
}

describe('observe', () => {
  it('shows everything to one observer, or each channel to its own', () => {
    const values = tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 1, 3, 2]);
    const one = recorders(1);
    observe(one.observers, values);
    expect(one.seen).toEqual([[1, 2, 3, 4, 5, 6]]);
    const two = recorders(2);
    observe(two.observers, values);
    expect(two.seen).toEqual([
      [1, 3, 5],
      [2, 4, 6],
    ]);
    values.dispose();
  });

  it('samples large maps evenly', () => {
    const values = tf.range(0, 300 * 300 * 4).reshape([1, 300, 300, 4]);
    const { observers, seen } = recorders(4);
    observe(observers, values);
    for (const [c, own] of seen.entries()) {
      expect(own.length).toBeGreaterThan(10_000);
      expect(own.length).toBeLessThan(20_000);
      expect(own.every((value, i) => value % 4 === c && (i === 0 || value > (own[i - 1] as number)))).toBe(true);
      expect(own.at(-1)).toBeGreaterThan(300 * 300 * 4 * 0.99);
    }
    values.dispose();
  });
});

describe('createObservers', () => {
  it('has one for each learned grid but weights, or one for each channel', () => {
    const counts = (plan: Parameters<typeof tinyQuantized>[0]) =>
      Object.fromEntries([...createObservers(tinyQuantized(plan), 'mse')].map(([key, all]) => [key, all.length]));
    const keys = ['body.0.conv1.in', 'body.0.add.skip', 'body.add.skip', 'body.0.conv2.in', 'body.conv.in', 'tail.in'];
    expect(Object.keys(counts('w4a4s8')).sort()).toEqual(keys.sort());
    expect(Object.values(counts('w4a4s8')).every((count) => count === 1)).toBe(true);
    expect(Object.values(counts(perChannelPlan('w4a4s8'))).every((count) => count === 4)).toBe(true);
  });

  it('goes on from saved states', () => {
    const graph = tinyQuantized();
    const observers = createObservers(graph, 'moving-max');
    for (const all of observers.values()) all[0]?.observe(Float32Array.of(3));
    const saved = JSON.parse(JSON.stringify(observerStates(observers)));
    expect(observerStates(createObservers(graph, 'moving-max', saved))).toEqual(saved);
  });

  it('refuses an unknown calibration', () => {
    expect(() => createObservers(tinyQuantized(), 'kl')).toThrow('calibration must be one of');
  });
});

describe('applyCalibration', () => {
  it('sets the steps of activations and skips as observed, those of weights from the weights', () => {
    const graph = tinyQuantized(planFromPreset('w4a4s8'));
    const params = initParams(graph, 1);
    const observers = createObservers(graph, 'moving-max');
    for (const [i, all] of [...observers.values()].entries()) all[0]?.observe(Float32Array.of(7 * (i + 1), -1));
    const calibrated = applyCalibration(graph, params, 'moving-max', observers);
    const step = (name: string, i = 0) => Math.exp(calibrated.get(`${name}.logStep`)?.[i] as number);
    for (const [i, key] of [...observers.keys()].entries()) {
      const qmax = key.endsWith('.skip') ? 127 : key === 'body.0.conv2.in' ? 15 : 7;
      expect(step(key)).toBeCloseTo((7 * (i + 1)) / qmax, 4);
    }
    const weights = params.get('head.weight') as Float32Array;
    for (let o = 0; o < 4; o++) {
      const largest = weights.filter((_, i) => i % 4 === o).reduce((most, w) => Math.max(most, Math.abs(w)), 0);
      expect(step('head.weight', o)).toBeCloseTo(largest / 7, 6);
    }
    expect(calibrated.get('head.weight')).toEqual(weights);
  });

  it('sees weights times the steps of their input channels', () => {
    const graph = tinyQuantized(perChannelPlan('w4a4s8'));
    const params = calibratedParams(graph, 1, 'moving-max');
    const weights = params.get('tail.weight') as Float32Array;
    const inputs = (params.get('tail.in.logStep') as Float32Array).map(Math.exp);
    expect(inputs.length).toBe(4);
    for (let o = 0; o < 12; o++) {
      let largest = 0;
      for (let i = o; i < weights.length; i += 12) {
        largest = Math.max(largest, Math.abs((weights[i] as number) * (inputs[Math.floor(i / 12) % 4] as number)));
      }
      expect(Math.exp(params.get('tail.weight.logStep')?.[o] as number) / (largest / 7)).toBeCloseTo(1, 4);
    }
  });
});
