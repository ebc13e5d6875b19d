/**
 * Every quantizer with every estimator: the gradients of `sum g x^` by the values and by every parameter equal those of the definitions, derived in float64,
 * inside, on and outside the clip edges, on levels and at ties, per tensor and per channel.
 */
import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeSpec, type QuantSpec } from '../src/quant-spec.js';
import { type QuantizerName, quantizerByName, quantizers, type SteName, stes } from '../src/registry.js';
import { type Case, measure } from './case.js';
import { devices } from './devices.js';
import { CHANNELS, casesOf, compare, near } from './pairs.js';
import { servedSpecs } from './specs.js';

const names = Object.keys(quantizers) as readonly QuantizerName[];
const steNames = Object.keys(stes) as readonly SteName[];

describe.each(devices)('on %s', (device) => {
  beforeAll(() => useBackend(device));

  describe.each(names)('%s', (name) => {
    it.each(steNames)('with %s has the gradients of the definitions, and leaks no tensors', (ste) => {
      const before = tf.memory().numTensors;
      for (const spec of servedSpecs(quantizerByName(name), ste, [1, 2, 4])) {
        for (const one of casesOf(spec)) compare(one);
      }
      expect(tf.memory().numTensors).toBe(before);
    });
  });

  // Beyond the grid a value is the outermost level times what one is worth: smooth in the parameters, so the gradient is the true one.
  it.each<[QuantizerName, Partial<QuantSpec>, Case['params']]>([
    ['lsq', {}, { step: [0.37] }],
    ['lsq', { grid: 'midrise' }, { step: [-0.37] }],
    ['lsq-log', {}, { logStep: [-0.7] }],
    ['fqsr', { grid: 'midrise' }, { clip: [2.3] }],
    ['fqsr', { signed: false }, { clip: [-2.3] }],
    ['pact', { signed: false }, { clip: [2.3] }],
    ['pams', { narrow: true }, { clip: [1.9] }],
    ['quantsr', {}, { step: [0.41], shift: [0.5, -0.3] }],
  ])('%s %o has the gradients of finite differences beyond the grid', (quantizer, fields, params) => {
    const spec = makeSpec({ bits: 3, ...fields, quantizer });
    const base = { spec, x: [100, 70, 90, 110], channels: CHANNELS, params, g: [1, -0.5, 0.25, 2] };
    const signs = spec.signed ? [1, -1] : [1];
    for (const sign of signs) {
      const one = { ...base, x: base.x.map((x) => sign * x) };
      const loss = (own: Case['params']) => {
        return measure({ ...one, params: own }).values.reduce((sum, x, i) => sum + x * (one.g[i] as number), 0);
      };
      const gradients = measure(one).params;
      for (const [name, values] of Object.entries(params)) {
        for (const [c, value] of values.entries()) {
          const moved = (by: number) => ({ ...params, [name]: values.map((v, i) => (i === c ? value + by : v)) });
          const difference = (loss(moved(2 ** -8)) - loss(moved(-(2 ** -8)))) * 2 ** 7;
          near([gradients[name]?.[c] as number], [difference], `d${name}`);
        }
      }
    }
  });

  it('xnor has the gradient of finite differences through its scale, for weights beyond the clip edges', () => {
    const spec = makeSpec({ bits: 1, grid: 'midrise', quantizer: 'xnor' });
    const one: Case = { spec, x: [1.5, -2, 3, -1.25], channels: CHANNELS, params: {}, g: [1, -0.5, 0.25, 2] };
    const loss = (x: readonly number[]) =>
      measure({ ...one, x }).values.reduce((sum, value, i) => sum + value * (one.g[i] as number), 0);
    const moved = (i: number, by: number) => one.x.map((x, k) => (k === i ? x + by : x));
    const differences = one.x.map((_, i) => (loss(moved(i, 2 ** -6)) - loss(moved(i, -(2 ** -6)))) * 2 ** 5);
    near(measure(one).dx, differences, 'dx');
  });
});
