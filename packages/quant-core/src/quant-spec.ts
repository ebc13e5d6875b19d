/**
 * `QuantSpec`: how one tensor is quantized, as frozen data that survives JSON.
 */
import { QuantError } from './error.js';
import { type GridShape, gridNames, levelRange } from './grids.js';

/** One scale for the whole tensor, or one for each output channel (its last axis). */
export type Granularity = 'tensor' | 'channel';

/** How one tensor is quantized. */
export interface QuantSpec extends GridShape {
  readonly granularity: Granularity;
  /** Name of the quantizer that finds the scale: a key of the quantizer registry. */
  readonly quantizer: string;
  /** Name of the straight-through estimator: a key of the STE registry. */
  readonly ste: string;
  /** How real values become levels. */
  readonly rounding: 'half-even';
}

/** The fields of a spec that may be left out, and what they are then. */
export const specDefaults = {
  signed: true,
  grid: 'midtread',
  narrow: false,
  granularity: 'tensor',
  quantizer: 'lsq',
  ste: 'clipped',
  rounding: 'half-even',
} as const satisfies Omit<QuantSpec, 'bits'>;

const choices = {
  grid: gridNames,
  granularity: ['tensor', 'channel'],
  rounding: ['half-even'],
} as const;

/**
 * A checked, frozen spec; what is not given comes from {@link specDefaults}.
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
  for (const [key, allowed] of Object.entries(choices)) {
    const value = spec[key as keyof typeof choices];
    if (!(allowed as readonly string[]).includes(value)) {
      throw new QuantError(
        'makeSpec',
        `${path}.${key} must be one of ${allowed.join(', ')}, got ${JSON.stringify(value)}`,
        'correct it',
      );
    }
  }
  for (const key of ['signed', 'narrow'] as const) {
    if (typeof spec[key] !== 'boolean') {
      throw new QuantError(
        'makeSpec',
        `${path}.${key} must be true or false, got ${JSON.stringify(spec[key])}`,
        'correct it',
      );
    }
  }
  for (const key of ['quantizer', 'ste'] as const) {
    if (typeof spec[key] !== 'string') {
      throw new QuantError('makeSpec', `${path}.${key} must be a name, got ${JSON.stringify(spec[key])}`, 'correct it');
    }
  }
  try {
    levelRange(spec);
  } catch (cause) {
    throw new QuantError('makeSpec', `${path}: ${(cause as Error).message}`, 'correct it');
  }
  return Object.freeze(spec);
}
