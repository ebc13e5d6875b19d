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

  it('gives skips one step for each channel where it is asked to', () => {
    const [plain, channel] = ['w6a6s8', 'w6a6s8-channel'].map(planFromPreset) as [QuantPlan, QuantPlan];
    expect(channel.name).toBe('w6a6s8-channel');
    expect(channel.roles.skips).toEqual({ ...plain.roles.skips, granularity: 'channel' });
    expect({ ...channel, name: plain.name, roles: { ...channel.roles, skips: plain.roles.skips } }).toEqual(plain);
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
    ['plan must have known fields only, got "role"', { ...base, role: {} }],
    ['plan.name must be text, got 3', { ...base, name: 3 }],
    ['plan.overrides must be a list', { ...base, overrides: { pattern: 'a' } }],
    ['plan.overrides[0] must be an object', { ...base, overrides: ['head'] }],
    ['plan.overrides[0] must have known fields only, got "bits"', { ...base, overrides: [{ ...override, bits: 4 }] }],
    ['plan.overrides[0].spec must be given', { ...base, overrides: [{ pattern: 'a', role: 'weights' }] }],
    ['plan.overrides[0].spec must be a spec or null, got 4', { ...base, overrides: [{ ...override, spec: 4 }] }],
    ['plan.roles.skips must be a spec or null, got 8', { ...base, roles: { ...base.roles, skips: 8 } }],
    ['plan.roles.skips must have known fields only', { ...base, roles: { ...base.roles, skips: { bits: 8, bit: 8 } } }],
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

describe('patterns', () => {
  const bits = (pattern: string, node: string) =>
    specFor(withOverrides({ pattern, role: 'weights', spec: { bits: 8 } }), 'weights', node, false)?.bits === 8;

  it.each([
    ['body.{0..2}.conv*', ['body.0.conv1', 'body.2.conv2'], ['body.3.conv1', 'body.20.conv1', 'body..conv1']],
    ['{head,tail}', ['head', 'tail'], ['head,tail', 'headtail', '{head,tail}']],
    ['body.{1,15}.conv1', ['body.1.conv1', 'body.15.conv1'], ['body.5.conv1', 'body.11.conv1']],
    ['{9..11}', ['9', '10', '11'], ['8', '12']],
    ['{a.b,c*}', ['a.b', 'c*'], ['axb', 'cd']],
    ['{3..1}', [], ['3', '1', '{3..1}']],
    ['a{b', ['a{b'], ['ab']],
  ] as const)('%s', (pattern, yes, no) => {
    expect([yes.filter((name) => !bits(pattern, name)), no.filter((name) => bits(pattern, name))]).toEqual([[], []]);
  });
});

describe('body-only presets', () => {
  it('quantize the convolutions of residual blocks, and nothing else', () => {
    const plan = planFromPreset('body-w4a3');
    expect(plan.name).toBe('body-w4a3');
    expect(specFor(plan, 'weights', 'body.0.conv1', false)).toEqual(
      specFor(planFromPreset('w4a3s8'), 'weights', 'x', false),
    );
    expect(specFor(plan, 'activations', 'body.7.conv2', true)).toMatchObject({ bits: 3, signed: false });
    expect(specFor(plan, 'activations', 'body.7.conv1', false)).toMatchObject({ bits: 3, signed: true });
    for (const node of ['head', 'body.conv', 'up.0.conv', 'tail'])
      expect(specFor(plan, 'weights', node, false)).toBeNull();
    for (const role of ['skips', 'outputs'] as const) expect(specFor(plan, role, 'body.0.add', false)).toBeNull();
    expect(() => planFromPreset('body-w4a4s4')).toThrow('or body-w<2-8>a<1-8>');
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
