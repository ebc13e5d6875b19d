import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { devices } from '../../test/devices.js';
import { allSpecs, servedSpecs, title } from '../../test/specs.js';
import { checkSpec } from '../check-spec.js';
import { QuantError } from '../error.js';
import { fakeQuant, gridOf } from '../fake-quant.js';
import { levelRange } from '../grids.js';
import { initQuantizer } from '../init-quantizer.js';
import { makeSpec, type QuantSpec } from '../quant-spec.js';
import { scaled } from '../scaled.js';
import { quantizerByName, quantizers } from './registry.js';
import type { Quantizer } from './types.js';

const entries: readonly (readonly [string, Quantizer])[] = Object.entries(quantizers);

describe.each(entries)('quantizer %s', (key, quantizer) => {
  it('is found by its name and described', () => {
    expect(quantizer.name).toBe(key);
    expect(quantizer.description).not.toBe('');
    expect(quantizer.formula).toMatch(/^s = /);
    expect(quantizerByName(key)).toBe(quantizer);
  });

  it('serves specs that survive JSON, and refuses the others with a reason', () => {
    const refused = allSpecs(key).filter((spec) => quantizer.refuses(spec) !== null);
    const served = servedSpecs(quantizer);
    expect(served.length).toBeGreaterThan(0);
    expect(served.length + refused.length).toBe(allSpecs(key).length);
    for (const spec of served) {
      expect(() => checkSpec(spec)).not.toThrow();
      expect(makeSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
    }
    for (const spec of refused) {
      expect(() => checkSpec(spec, 'plan weights of head'), title(spec)).toThrow(
        `[quant-core] checkSpec: plan weights of head must ${quantizer.refuses(spec)} (${key} serves no other)`,
      );
    }
  });
});

describe.each(devices)('on %s', (device) => {
  beforeAll(() => useBackend(device));

  it.each(entries)('%s starts at the calibrated grids, whatever their magnitude', (_, quantizer) => {
    for (const spec of servedSpecs(quantizer, 'clipped', [1, 2, 4, 8])) {
      const { qmin, qmax } = levelRange(spec);
      const steps = spec.granularity === 'channel' ? [1e-6, 1, 3e5] : [0.3];
      const zeros = steps.map((_step, c) => (spec.affine ? ([qmin, qmax, qmin + 1][c] as number) : 0));
      const fit = { steps: Float32Array.from(steps), zeroPoints: Float32Array.from(zeros) };
      const init = initQuantizer(spec, fit, 3);
      expect(Object.keys(init)).toEqual(Object.keys(quantizer.params));
      for (const [name, values] of Object.entries(init)) {
        expect(values.length).toBe(quantizer.params[name] === 'channel' ? 3 : steps.length);
      }
      if (Object.keys(init).length === 0) continue;
      tf.tidy(() => {
        const params = Object.entries(init).map(([name, values]) => [name, tf.tensor1d(values)] as const);
        const { step, zeroPoint } = gridOf(Object.fromEntries(params), spec, scaled(tf.ones([2, 3])));
        for (const [i, value] of (step as tf.Tensor).dataSync().entries()) {
          expect(value / (steps[i] as number), title(spec)).toBeCloseTo(1, 5);
        }
        expect([...(zeroPoint?.dataSync() ?? zeros)], title(spec)).toEqual(zeros);
      });
    }
  });
});

it.each<[string, Partial<QuantSpec> & { bits: number }]>([
  ['have no zero point (affine: false)', { bits: 4, affine: true, quantizer: 'lsq' }],
  ['have a zero point (affine: true)', { bits: 4, quantizer: 'ddtb' }],
  ['be unsigned (signed: false)', { bits: 4, quantizer: 'pact' }],
  ['be narrow (narrow: true)', { bits: 4, quantizer: 'pams' }],
  ['lie on a midtread grid', { bits: 4, grid: 'midrise', quantizer: 'quantsr' }],
  ['lie on a midrise grid where it is signed', { bits: 4, quantizer: 'dorefa' }],
  [
    'have 2 bits or more where it is signed (1 bit is the quantizer xnor)',
    { bits: 1, grid: 'midrise', quantizer: 'dorefa' },
  ],
  ['have 1 bit, got 2', { bits: 2, grid: 'midrise', quantizer: 'xnor' }],
  ['have 2 bits, got 3', { bits: 3, narrow: true, quantizer: 'ternary' }],
  ['have 2 bits or more where it is signed', { bits: 1, quantizer: 'fqsr' }],
  ['be signed where it lies on a midrise grid', { bits: 4, grid: 'midrise', signed: false, quantizer: 'fqsr' }],
])('a spec must %s', (reason, fields) => {
  expect(() => checkSpec(makeSpec(fields), 'here')).toThrow(`here must ${reason} (`);
});

it('an unknown name is refused with the choices', () => {
  expect(() => quantizerByName('toString')).toThrow(QuantError);
  expect(() => quantizerByName('unheard')).toThrow('quantizer must be one of lsq-log, lsq, lsq-plus, fqsr, pact,');
});

it('fixed holds an image less 64, and what is added to it, on one affine grid', () => {
  const spec = makeSpec({ bits: 8, signed: false, affine: true, quantizer: 'fixed' });
  tf.tidy(() => {
    const x = scaled(tf.tensor1d([-70, -64, -63.4, 0.75, 191, 192]));
    const made = fakeQuant(x, gridOf({}, spec, x), spec);
    expect([...made.value.dataSync()]).toEqual([-64, -64, -63, 1, 191, 191]);
    expect(made.scale).toBeNull();
  });
  expect(() => checkSpec(makeSpec({ bits: 8, affine: true, quantizer: 'fixed' }))).toThrow(
    'be unsigned, of 2 bits or more and one grid where it is affine',
  );
});
