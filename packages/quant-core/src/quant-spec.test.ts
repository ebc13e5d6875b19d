import { describe, expect, it } from 'vitest';
import { QuantError } from './error.js';
import { makeSpec, type QuantSpec, specDefaults } from './quant-spec.js';

describe('makeSpec', () => {
  it('fills in the defaults and freezes', () => {
    const spec = makeSpec({ bits: 4 });
    expect(spec).toEqual({ ...specDefaults, bits: 4 });
    expect(Object.isFrozen(spec)).toBe(true);
    expect(makeSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
  });

  it('keeps what is given', () => {
    const fields = {
      bits: 2,
      signed: false,
      narrow: true,
      granularity: 'channel',
      quantizer: 'pams',
      ste: 'plain',
    } as const;
    expect(makeSpec(fields)).toMatchObject(fields);
  });

  it.each<[string, object]>([
    ['spec: [quant-core] levelRange: bits must be an integer from 1 to 8, got 9', { bits: 9 }],
    ['bits must be an integer from 1 to 8, got undefined', {}],
    ['two levels or more', { bits: 1, narrow: true }],
    ['spec.grid must be one of midtread, midrise, got "log"', { bits: 4, grid: 'log' }],
    ['spec.granularity must be one of tensor, channel, got "row"', { bits: 4, granularity: 'row' }],
    ['spec.rounding must be one of half-even, got "up"', { bits: 4, rounding: 'up' }],
    ['spec.signed must be true or false, got 1', { bits: 4, signed: 1 }],
    ['spec.narrow must be true or false, got "no"', { bits: 4, narrow: 'no' }],
    ['spec.quantizer must be a name, got 3', { bits: 4, quantizer: 3 }],
    ['spec.ste must be a name, got null', { bits: 4, ste: null }],
    ['spec must have known fields only, got "bit"', { bits: 4, bit: 4 }],
    ['spec must have known fields only, got "toString"', { bits: 4, toString: 4 }],
  ])('refuses: %s', (reason, fields) => {
    const make = () => makeSpec(fields as QuantSpec);
    expect(make).toThrow(QuantError);
    expect(make).toThrow(reason);
  });

  it('names the place', () => {
    expect(() => makeSpec({ bits: 0 }, 'plan.weights')).toThrow('makeSpec: plan.weights: ');
  });
});
