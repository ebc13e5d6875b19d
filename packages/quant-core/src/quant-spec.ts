/**
 * `QuantSpec`: how one tensor is quantized, as frozen data that survives JSON.
 */
import { QuantError } from './error.js';
import { type GridShape, gridNames, levelRange } from './grids.js';

/** One scale for the whole tensor, or one for each output channel (its last axis). */
export type Granularity = 'tensor' | 'channel';

/** How one tensor is quantized. */
export interface QuantSpec extends GridShape {
  /** Whether the grid has a zero point, an integer level that stands for 0, found by the quantizer; else level 0 does. */
  readonly affine: boolean;
  readonly granularity: Granularity;
  /** Name of the quantizer that finds the grid: a key of the quantizer registry. */
  readonly quantizer: string;
  /** Name of the straight-through estimator: a key of the STE registry. */
  readonly ste: string;
  /** Numbers of the estimator that are to differ from its defaults, by name. */
  readonly steOptions: Readonly<Record<string, number>>;
  /** How real values become levels. */
  readonly rounding: 'half-even';
}

/** The fields of a spec that may be left out, and what they are then. */
export const specDefaults = Object.freeze({
  signed: true,
  grid: 'midtread',
  narrow: false,
  affine: false,
  granularity: 'tensor',
  quantizer: 'lsq-log',
  ste: 'clipped',
  steOptions: Object.freeze({}),
  rounding: 'half-even',
} as const satisfies Omit<QuantSpec, 'bits'>);

/** What a value of a field must be, in words, and the test of it. */
interface Rule {
  readonly what: string;
  readonly holds: (value: unknown) => boolean;
}

const oneOf = (names: readonly string[]): Rule => ({
  what: `one of ${names.join(', ')}`,
  holds: (value) => names.includes(value as string),
});
const truth: Rule = { what: 'true or false', holds: (value) => typeof value === 'boolean' };
const name: Rule = { what: 'a name', holds: (value) => typeof value === 'string' && value !== '' };
const numbers: Rule = {
  what: 'an object of finite numbers',
  holds: (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(Number.isFinite),
};

const rules = {
  signed: truth,
  grid: oneOf(gridNames),
  narrow: truth,
  affine: truth,
  granularity: oneOf(['tensor', 'channel']),
  quantizer: name,
  ste: name,
  steOptions: numbers,
  rounding: oneOf(['half-even']),
} satisfies Record<keyof typeof specDefaults, Rule>;

/**
 * A checked, frozen spec; what is not given comes from {@link specDefaults}. Whether the quantizer and the estimator exist and accept the spec is for
 * `checkSpec`, which knows their registries.
 *
 * @param path where the spec stands, for messages, e.g. `plan.weights`
 * @throws QuantError naming `path` and the field
 *
 * @example
 * makeSpec({ bits: 4, narrow: true, granularity: 'channel' });
 */
export function makeSpec(fields: Partial<QuantSpec> & { readonly bits: number }, path = 'spec'): QuantSpec {
  const spec: QuantSpec = { ...specDefaults, ...fields };
  for (const key of Object.keys(spec)) {
    if (key !== 'bits' && !Object.hasOwn(specDefaults, key)) {
      const known = ['bits', ...Object.keys(specDefaults)].join(', ');
      throw new QuantError('makeSpec', `${path} must have known fields only, got "${key}"`, `use one of ${known}`);
    }
  }
  for (const [key, { what, holds }] of Object.entries(rules)) {
    const value: unknown = spec[key as keyof typeof rules];
    if (!holds(value)) {
      throw new QuantError('makeSpec', `${path}.${key} must be ${what}, got ${JSON.stringify(value)}`, 'correct it');
    }
  }
  if (spec.affine && (spec.grid === 'midrise' || spec.narrow)) {
    const other = spec.narrow ? 'narrow' : 'on a midrise grid';
    throw new QuantError('makeSpec', `${path}.affine must be false where the spec is ${other}, got true`, 'drop one');
  }
  try {
    levelRange(spec);
  } catch (cause) {
    throw new QuantError('makeSpec', `${path}: ${(cause as Error).message}`, 'correct it');
  }
  return Object.freeze({ ...spec, steOptions: Object.freeze({ ...spec.steOptions }) });
}
