/**
 * What a quantized layer is told: the specs of its tensors, and how its warm-up runs. Data; a layer's JSON holds it under `quantization`.
 */

import { calibrations } from '../calibration/registry.js';
import type { ObserverState } from '../calibration/types.js';
import { checkSpec } from '../check-spec.js';
import { QuantError } from '../error.js';
import { makeSpec, type QuantSpec } from '../quant-spec.js';
import { quantizerByName } from '../quantizers/registry.js';
import { steByName } from '../ste/registry.js';

/** A spec as it is written; what is left out comes from `specDefaults`. `null` leaves the tensor in float. */
export type LayerSpec = (Partial<QuantSpec> & { readonly bits: number }) | null;

/** What a tensor is to a layer: its kernel, its one input, or its several inputs, which share one grid. */
export type LayerRole = 'weights' | 'activations' | 'skips';

/** The quantization of a layer, as it is written. */
export type QuantizationArgs<Role extends LayerRole> = Readonly<Record<Role, LayerSpec>> & WarmUpArgs;

/** How a layer finds its first grids. */
export interface WarmUpArgs {
  /** For how many training calls the layer computes in float while observers watch, 1 or more; 20 unless given (FQSR). */
  readonly warmUp?: number;
  /** Name of the calibration that observes: a key of the calibration registry; `moving-max` unless given (FQSR). */
  readonly calibration?: string;
  /** For estimators that round at random: where their noise starts. */
  readonly seed?: number | null;
  /** A warm-up that was saved half-way; written by `getConfig`. */
  readonly calibrationState?: SavedState | null;
}

/**
 * A {@link CalibrationState} as JSON text. TensorFlow.js rewrites keys and texts of a configuration from camel to snake case and back, but for those under the
 * key `name`.
 */
export interface SavedState {
  readonly name: string;
}

/** What the observers of a layer had seen when it was saved. */
export interface CalibrationState {
  /** Training calls observed. */
  readonly calls: number;
  /** Observers by role: one for the tensor, or one for each channel. */
  readonly observers: Readonly<Record<string, readonly ObserverState[]>>;
}

/** The quantization of a layer: checked, complete, frozen. */
export interface Quantization<Role extends LayerRole> {
  readonly specs: Readonly<Record<Role, QuantSpec | null>>;
  readonly warmUp: number;
  readonly calibration: string;
  readonly seed: number | null;
  readonly calibrationState: CalibrationState | null;
}

/** Why a layer cannot put one of its tensors on such a grid, as the end of "must ...", or `null` where it can. */
export type SpecRule = (spec: QuantSpec) => string | null;

/** Feature maps: their grid must be known before they are. */
export const featureMap: SpecRule = (spec) =>
  quantizerByName(spec.quantizer).dynamic?.(spec)
    ? `not use ${spec.quantizer}, whose grid depends on the values`
    : null;

/** Inputs that are summed over channels: steps of the channels would not leave the sum. */
export const summedInput: SpecRule = (spec) =>
  spec.granularity === 'channel' ? 'have granularity tensor' : featureMap(spec);

/** Whatever the quantizer serves. */
export const anySpec: SpecRule = () => null;

const warmUpFields = [
  'warmUp',
  'calibration',
  'seed',
  'calibrationState',
] as const satisfies readonly (keyof WarmUpArgs)[];

/**
 * Checks a layer's quantization.
 *
 * @param rules the roles of the layer's tensors, and what each may be
 * @param owner the layer, for messages, e.g. `QuantConv2D conv1`
 * @throws QuantError naming the layer and the path of the offending field
 */
export function parseQuantization<Role extends LayerRole>(
  args: QuantizationArgs<Role> | undefined,
  rules: Readonly<Record<Role, SpecRule>>,
  owner: string,
): Quantization<Role> {
  const path = `${owner} quantization`;
  const roles = Object.keys(rules) as Role[];
  const fail = (field: string, what: string, got: unknown, remedy: string): never => {
    throw new QuantError('parseQuantization', `${path}${field} must be ${what}, got ${JSON.stringify(got)}`, remedy);
  };
  if (typeof args !== 'object' || args === null) {
    fail('', `an object with ${roles.join(' and ')}`, args, 'give a spec, or null for float');
  }
  const given = args as QuantizationArgs<Role>;
  for (const key of Object.keys(given)) {
    if (![...roles, ...warmUpFields].includes(key as Role))
      fail(`.${key}`, 'left out', key, 'the layer has no such field');
  }
  const specs = Object.fromEntries(roles.map((role) => [role, specOf(given[role], rules[role], `${path}.${role}`)]));
  const { warmUp = 20, calibration = 'moving-max', seed = null, calibrationState: saved = null } = given;
  if (!Number.isInteger(warmUp) || warmUp < 1) fail('.warmUp', 'a whole number from 1', warmUp, 'FQSR uses 20');
  if (!Object.hasOwn(calibrations, calibration)) {
    fail('.calibration', `one of ${Object.keys(calibrations).join(', ')}`, calibration, 'use a known name');
  }
  if (seed !== null && !Number.isInteger(seed)) fail('.seed', 'a whole number', seed, 'correct it');
  const random = Object.values<QuantSpec | null>(specs).find(
    (spec) => spec && steByName(spec.ste).rounding === 'stochastic',
  );
  if (random && seed === null) fail('.seed', `given for ${random.ste}`, seed, 'it rounds at random');
  return Object.freeze({
    specs: Object.freeze(specs) as Readonly<Record<Role, QuantSpec | null>>,
    warmUp,
    calibration,
    seed,
    calibrationState: saved && parseState(saved, `${path}.calibrationState`),
  });
}

/** A state as it is written into a configuration. */
export function saveState(state: CalibrationState | null): SavedState | null {
  return state && { name: JSON.stringify(state) };
}

/** The state that was written; what is in the observers' own is for their calibration to check. */
function parseState({ name }: SavedState, path: string): CalibrationState {
  try {
    const state: CalibrationState = JSON.parse(name);
    if (Number.isInteger(state.calls) && typeof state.observers === 'object') return state;
  } catch {
    // Falls through to the refusal.
  }
  throw new QuantError('parseQuantization', `${path} must be what getConfig wrote, got ${name}`, 'leave it out');
}

function specOf(fields: LayerSpec | undefined, rule: SpecRule, path: string): QuantSpec | null {
  if (fields === null) return null;
  if (typeof fields !== 'object') {
    throw new QuantError('parseQuantization', `${path} must be given, got ${fields}`, 'give a spec, or null for float');
  }
  const spec = makeSpec(fields, path);
  checkSpec(spec, path);
  const refusal = rule(spec);
  if (refusal) throw new QuantError('parseQuantization', `${path} must ${refusal}`, 'choose another spec');
  return spec;
}
