import { describe, expect, it } from 'vitest';
import { checkSpec } from './check-spec.js';
import { QuantError } from './error.js';
import { makeSpec } from './quant-spec.js';
import { lsq } from './quantizers/lsq.js';
import { quantizerByName, quantizers, registerQuantizer } from './quantizers/registry.js';
import { clipped } from './ste/clipped.js';
import { registerSte, steByName, stes } from './ste/registry.js';

describe.each([
  ['registerQuantizer', 'quantizer', 'lsq', 'grid', (entry: object) => registerQuantizer({ ...lsq, ...entry })],
  ['registerSte', 'ste', 'clipped', 'gradient', (entry: object) => registerSte({ ...clipped, ...entry })],
] as const)('%s', (where, kind, taken, method, register) => {
  it('makes a name known to specs', () => {
    const spec = makeSpec({ bits: 4, [kind]: 'another' });
    expect(() => checkSpec(spec)).toThrow(`spec.${kind} must be one of `);
    register({ name: 'another' });
    expect(() => checkSpec(spec)).not.toThrow();
    expect((kind === 'ste' ? steByName : quantizerByName)('another').name).toBe('another');
    expect(() => checkSpec({ ...spec, [kind]: 'none' })).toThrow(/another, got "none"/);
    expect(Object.keys(kind === 'ste' ? stes : quantizers)).not.toContain('another');
  });

  it('refuses a name that is taken, also by one that was added', () => {
    register({ name: 'twice' });
    for (const name of [taken, 'twice']) {
      expect(() => register({ name })).toThrow(QuantError);
      expect(() => register({ name })).toThrow(
        `[quant-core] ${where}: ${kind}.name must be new, got "${name}", which there is (choose another name)`,
      );
    }
  });

  it.each(['', 'Pact', 'a b', '__proto__', '2-bit', 3, undefined])('refuses the name %j', (name) => {
    expect(() => register({ name })).toThrow(`${kind}.name must be lower-case letters, digits and dashes, got `);
  });

  it('refuses what lacks a function', () => {
    expect(() => register({ name: 'lacking', [method]: undefined })).toThrow(
      `[quant-core] ${where}: ${kind}.${method} must be a function, got undefined (see the type of a ${kind})`,
    );
  });
});
