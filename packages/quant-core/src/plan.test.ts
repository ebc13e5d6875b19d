import { describe, expect, it } from 'vitest';
import { QuantError } from './error.js';
import {
  makePlan,
  type PlanOverride,
  planFromPreset,
  type QuantPlan,
  roles,
  specFor,
  unmatchedOverrides,
} from './plan.js';

const withOverrides = (...overrides: PlanOverride[]) => makePlan({ ...planFromPreset('w4a4s8'), overrides });

describe('planFromPreset', () => {
  it('reads the bits of weights, activations and skips', () => {
    const plan = planFromPreset('w4a3s8');
    expect(plan.name).toBe('w4a3s8');
    expect(specFor(plan, 'weights', 'x', false)).toMatchObject({
      bits: 4,
      signed: true,
      narrow: true,
      granularity: 'channel',
    });
    expect(specFor(plan, 'activations', 'x', false)).toMatchObject({ bits: 3, signed: true, granularity: 'tensor' });
    expect(specFor(plan, 'activations', 'x', true)).toMatchObject({ bits: 3, signed: false });
    expect(specFor(plan, 'skips', 'x', false)).toMatchObject({ bits: 8, signed: true });
    expect(specFor(plan, 'outputs', 'x', false)).toMatchObject({ bits: 8, signed: false, quantizer: 'fixed' });
  });

  it('gives 8 bits to the output whatever the preset', () => {
    for (const w of [2, 8]) for (const a of [1, 8]) expect(planFromPreset(`w${w}a${a}s1`).roles.outputs?.bits).toBe(8);
  });

  it.each(['', 'w1a4s8', 'w4a9s8', 'w4a4', 'W4A4S8', 'w4a4s8 ', 'w04a4s8', 'w4a4s0'])('refuses %j', (name) => {
    expect(() => planFromPreset(name)).toThrow(QuantError);
    expect(() => planFromPreset(name)).toThrow('plan must be written w<2-8>a<1-8>s<1-8>');
  });
});

describe('makePlan', () => {
  it('freezes deeply and survives JSON', () => {
    const plan = withOverrides({ pattern: 'tail*', role: 'weights', spec: { bits: 8 } });
    expect(Object.isFrozen(plan.overrides[0]?.spec) && Object.isFrozen(plan.roles.weights)).toBe(true);
    expect(makePlan(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
  });

  const base = planFromPreset('w4a4s8');
  const override = { pattern: 'a', role: 'weights', spec: { bits: 8 } };
  it.each<[string, unknown]>([
    ['plan must be an object with roles', null],
    ['plan must be an object with roles', { name: 'x' }],
    ['plan.roles must name known roles, got "inputs"', { ...base, roles: { ...base.roles, inputs: null } }],
    ['plan.roles.skips must be given', { ...base, roles: { ...base.roles, skips: undefined } }],
    ['plan.roles.weights: ', { ...base, roles: { ...base.roles, weights: { bits: 9 } } }],
    ['plan.overrides[0].pattern must be a node name', { ...base, overrides: [{ ...override, pattern: '' }] }],
    ['plan.overrides[0].role must be one of', { ...base, overrides: [{ ...override, role: 'input' }] }],
    ['plan.overrides[1].spec: ', { ...base, overrides: [override, { ...override, spec: { bits: 0 } }] }],
  ])('refuses: %s', (reason, plan) => {
    expect(() => makePlan(plan as QuantPlan)).toThrow(QuantError);
    expect(() => makePlan(plan as QuantPlan)).toThrow(reason);
  });
});

describe('specFor', () => {
  it('lets later overrides win, for their role and pattern alone', () => {
    const plan = withOverrides(
      { pattern: 'body.*', role: 'weights', spec: { bits: 2 } },
      { pattern: 'body.1.*', role: 'weights', spec: { bits: 6, granularity: 'tensor' } },
    );
    expect(specFor(plan, 'weights', 'body.0.conv', false)?.bits).toBe(2);
    expect(specFor(plan, 'weights', 'body.1.conv', false)).toMatchObject({
      bits: 6,
      granularity: 'tensor',
      narrow: true,
    });
    expect(specFor(plan, 'weights', 'tail', false)?.bits).toBe(4);
    expect(specFor(plan, 'activations', 'body.0.conv', false)?.bits).toBe(4);
    expect(specFor(plan, 'weights', 'bodyX0', false)?.bits).toBe(4);
  });

  it('leaves in float what an override or a role says, and takes it back', () => {
    const plan = makePlan({
      name: 'mixed',
      roles: { ...planFromPreset('w4a4s8').roles, skips: null },
      overrides: [
        { pattern: 'tail', role: 'weights', spec: null },
        { pattern: 'head', role: 'skips', spec: { signed: true } },
      ],
    });
    expect(specFor(plan, 'weights', 'tail', false)).toBeNull();
    expect(specFor(plan, 'skips', 'body', false)).toBeNull();
    expect(specFor(plan, 'skips', 'head', true)).toMatchObject({ bits: 8, signed: true });
  });

  it('reads patterns literally but for the star', () => {
    const plan = withOverrides({ pattern: 'a.(b)+[c]*$', role: 'weights', spec: { bits: 8 } });
    expect(specFor(plan, 'weights', 'a.(b)+[c]xyz$', false)?.bits).toBe(8);
    expect(specFor(plan, 'weights', 'aX(b)+[c]$', false)?.bits).toBe(4);
  });
});

describe('unmatchedOverrides', () => {
  it('finds patterns that match no node', () => {
    const plan = withOverrides(
      { pattern: 'tail', role: 'weights', spec: { bits: 8 } },
      { pattern: 'tial', role: 'weights', spec: { bits: 8 } },
    );
    const places = ['head', 'tail'].map((node) => ({ role: 'weights', node }) as const);
    expect(unmatchedOverrides(plan, places).map(({ pattern }) => pattern)).toEqual(['tial']);
    const other = places.map(({ node }) => ({ role: 'skips', node }) as const);
    expect(unmatchedOverrides(plan, other)).toEqual(plan.overrides);
  });
});

it('roles are those of the table', () => {
  expect(roles).toEqual(['weights', 'activations', 'skips', 'outputs']);
});
