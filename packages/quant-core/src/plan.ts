/**
 * `QuantPlan`: which spec each role of tensor gets, with overrides by node name. Data, as JSON; presets are written `w4a4s8`.
 */
import { bodyOnlyPlan } from './body-only.js';
import { QuantError } from './error.js';
import { makeSpec, type QuantSpec } from './quant-spec.js';

/**
 * What a tensor is in the network: `weights`; `activations` = convolution inputs; `skips` = both inputs of an add; `outputs` = the network's output image.
 */
export type Role = 'weights' | 'activations' | 'skips' | 'outputs';

/** All roles. */
export const roles = ['weights', 'activations', 'skips', 'outputs'] as const satisfies readonly Role[];

/** A spec in a plan. `signed: 'auto'` takes the sign from the graph: unsigned where no value can be negative. `null` leaves the tensor in float. */
export type PlanSpec = Readonly<
  Omit<Partial<QuantSpec>, 'signed'> & { bits: number; signed?: boolean | 'auto' }
> | null;

/**
 * Replaces fields of the role's spec for the nodes whose name matches `pattern`: `*` stands for any run of characters, `{0..7}` for the numbers of a range,
 * `{0,3,head}` for any of a list.
 */
export interface PlanOverride {
  readonly pattern: string;
  readonly role: Role;
  readonly spec: Readonly<Omit<Partial<QuantSpec>, 'signed'> & { signed?: boolean | 'auto' }> | null;
}

/** Which spec each role gets. */
export interface QuantPlan {
  readonly name: string;
  readonly roles: Readonly<Record<Role, PlanSpec>>;
  readonly overrides: readonly PlanOverride[];
}

/** The network's output: an 8-bit image, unsigned, step 1. */
const imageSpec: PlanSpec = { bits: 8, signed: false, quantizer: 'fixed' };

/**
 * A plan from its preset name `w<bits>a<bits>s<bits>`: per-channel symmetric weights, per-tensor activations and skips, all learned by LSQ, first and last
 * layers included; the output is the 8-bit image. With `-channel` behind it, skips have one step for each channel. For comparison there is
 * `body-w<bits>a<bits>`, which quantizes the residual blocks' convolutions alone.
 *
 * @throws QuantError when the name does not read as a preset with 2..8 weight bits and 1..8 activation and skip bits.
 *
 * @example
 * planFromPreset('w4a4s8').roles.weights; // { bits: 4, narrow: true, granularity: 'channel', ... }
 */
export function planFromPreset(name: string): QuantPlan {
  const bodyOnly = bodyOnlyPlan(name);
  if (bodyOnly) return makePlan(bodyOnly);
  const match = /^w([2-8])a([1-8])s([1-8])(-channel)?$/.exec(name);
  if (!match) {
    throw new QuantError(
      'planFromPreset',
      `plan must be written w<2-8>a<1-8>s<1-8>, with -channel behind it or not, or body-w<2-8>a<1-8>, got ${JSON.stringify(name)}`,
      'for example w4a4s8',
    );
  }
  const [weights, activations, skips] = match.slice(1, 4).map(Number) as [number, number, number];
  return makePlan({
    name,
    roles: {
      weights: { bits: weights, signed: true, narrow: true, granularity: 'channel' },
      activations: { bits: activations, signed: 'auto' },
      skips: { bits: skips, signed: 'auto', ...(match[4] && { granularity: 'channel' }) },
      outputs: imageSpec,
    },
    overrides: [],
  });
}

/**
 * A checked, frozen plan.
 *
 * @throws QuantError naming the path of the offending field
 */
export function makePlan(plan: QuantPlan): QuantPlan {
  if (typeof plan !== 'object' || plan === null || typeof plan.roles !== 'object' || plan.roles === null) {
    throw new QuantError('makePlan', 'plan must be an object with roles', 'write { name, roles, overrides }');
  }
  knownFields(plan, ['name', 'roles', 'overrides'], 'plan');
  if (typeof plan.name !== 'string' || plan.name === '') {
    throw new QuantError('makePlan', `plan.name must be text, got ${JSON.stringify(plan.name)}`, 'name it');
  }
  for (const key of Object.keys(plan.roles)) {
    if (!(roles as readonly string[]).includes(key)) {
      throw new QuantError('makePlan', `plan.roles must name known roles, got "${key}"`, `use ${roles.join(', ')}`);
    }
  }
  for (const role of roles) {
    const spec = plan.roles[role];
    if (spec === undefined) {
      throw new QuantError('makePlan', `plan.roles.${role} must be given`, 'give a spec, or null for float');
    }
    if (spec !== null) check(spec, `plan.roles.${role}`);
  }
  const overrides = plan.overrides ?? [];
  if (!Array.isArray(overrides)) throw new QuantError('makePlan', 'plan.overrides must be a list', 'write []');
  for (const [i, override] of overrides.entries()) {
    const path = `plan.overrides[${i}]`;
    if (typeof override !== 'object' || override === null) {
      throw new QuantError('makePlan', `${path} must be an object`, 'write { pattern, role, spec }');
    }
    knownFields(override, ['pattern', 'role', 'spec'], path);
    const { pattern, role, spec } = override as PlanOverride;
    if (typeof pattern !== 'string' || pattern === '') {
      throw new QuantError('makePlan', `${path}.pattern must be a node name or pattern`, 'for example "body.*"');
    }
    if (!(roles as readonly string[]).includes(role)) {
      throw new QuantError('makePlan', `${path}.role must be one of ${roles.join(', ')}, got "${role}"`, 'correct it');
    }
    const base = plan.roles[role];
    if (spec === undefined) throw new QuantError('makePlan', `${path}.spec must be given`, 'give fields, or null');
    if (spec !== null && typeof spec !== 'object') check(spec, `${path}.spec`);
    if (spec !== null) check({ bits: base?.bits ?? 8, ...base, ...spec }, `${path}.spec`);
  }
  return deepFreeze({ name: plan.name, roles: { ...plan.roles }, overrides: [...overrides] });
}

/**
 * The spec of one tensor under a plan, or `null` when the plan leaves it in float. Later overrides win.
 *
 * @param node name of the node that owns the tensor
 * @param nonNegative whether the graph proves that no value is below zero
 */
export function specFor(plan: QuantPlan, role: Role, node: string, nonNegative: boolean): QuantSpec | null {
  let fields: PlanSpec = plan.roles[role];
  for (const override of plan.overrides) {
    if (override.role !== role || !matches(override.pattern, node)) continue;
    fields = override.spec === null ? null : { bits: 8, ...fields, ...override.spec };
  }
  if (fields === null) return null;
  const { signed = 'auto', ...rest } = fields;
  return makeSpec({ ...rest, signed: signed === 'auto' ? !nonNegative : signed }, `plan ${role} of ${node}`);
}

/** A place where a plan's spec applies: a tensor's role, and the node that owns it. */
export interface Placement {
  readonly role: Role;
  readonly node: string;
}

/** The overrides of a plan that apply to none of `places`: most likely misspelt, or meant for another role. */
export function unmatchedOverrides(plan: QuantPlan, places: readonly Placement[]): readonly PlanOverride[] {
  return plan.overrides.filter(
    ({ pattern, role }) => !places.some((place) => place.role === role && matches(pattern, place.node)),
  );
}

/** Whether a node's name matches a pattern; see {@link PlanOverride}. */
export function matches(pattern: string, name: string): boolean {
  const source = pattern.replace(/\*|\{[^{}]*\}|[.+?^${}()|[\]\\]/g, (part) => {
    if (part === '*') return '.*';
    // An empty range matches nothing: `(?!)` fails everywhere.
    return part.length > 1 ? `(?:${alternatives(part).map(literal).join('|') || '(?!)'})` : literal(part);
  });
  return new RegExp(`^${source}$`).test(name);
}

/** Longest range of numbers in a pattern: no network has more layers of a kind. */
const MAX_RANGE = 1000;

/** `{2..4}` as 2, 3, 4; `{a,b}` as a, b. */
function alternatives(braces: string): readonly string[] {
  const range = /^\{(\d{1,4})\.\.(\d{1,4})\}$/.exec(braces);
  if (!range) return braces.slice(1, -1).split(',');
  const [from, to] = range.slice(1).map(Number) as [number, number];
  return Array.from({ length: Math.min(MAX_RANGE, Math.max(0, to - from + 1)) }, (_, i) => String(from + i));
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function knownFields(value: object, known: readonly string[], path: string): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new QuantError('makePlan', `${path} must have known fields only, got "${unknown}"`, `use ${known.join(', ')}`);
}

function check(spec: NonNullable<PlanSpec>, path: string): void {
  if (typeof spec !== 'object') {
    throw new QuantError(
      'makePlan',
      `${path} must be a spec or null, got ${JSON.stringify(spec)}`,
      'write { "bits": 4 }',
    );
  }
  const { signed = 'auto', ...rest } = spec;
  makeSpec({ ...rest, signed: signed === 'auto' ? true : signed }, path);
}

function deepFreeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) if (typeof child === 'object' && child !== null) deepFreeze(child);
  return Object.freeze(value);
}
