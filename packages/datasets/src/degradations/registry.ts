/** The degradations. A new one is a file beside this one and a line here. */
import { DatasetError } from '../error.js';
import { bicubic } from './bicubic.js';
import type { Degradation, Field } from './degradation.js';
import { gaussianBlur } from './gaussian-blur.js';
import { gaussianNoise } from './gaussian-noise.js';
import { jpeg } from './jpeg.js';
import { poissonNoise } from './poisson-noise.js';

/** All degradations by name. */
export const degradations = {
  'gaussian-blur': gaussianBlur,
  'gaussian-noise': gaussianNoise,
  'poisson-noise': poissonNoise,
  jpeg,
  bicubic,
} satisfies Record<string, { readonly description: string }>;

/** Name of a degradation. */
export type DegradationName = keyof typeof degradations;

/** The names of all degradations. */
export const degradationNames = Object.keys(degradations) as readonly DegradationName[];

/** The options of each degradation. */
export type DegradationOptions = {
  readonly [Name in DegradationName]: Parameters<(typeof degradations)[Name]['apply']>[1];
};

/** A step of a pipeline, as data: `{ kind: 'jpeg', quality: 40 }`. */
export type DegradationStep<Name extends DegradationName = DegradationName> = {
  readonly [Each in Name]: { readonly kind: Each } & DegradationOptions[Each];
}[Name];

/** {@link degradations}, each with its own options. */
export const degradationTable: { readonly [Name in DegradationName]: Degradation<DegradationOptions[Name]> } =
  degradations;

/** The fields of a kind of step. @throws DatasetError when there is none of that name, listing what there is */
export function fieldsOf(kind: unknown): Readonly<Record<string, Field>> {
  const known = degradationNames.find((name) => name === kind);
  if (known) return degradationTable[known].fields;
  throw new DatasetError(
    'degrade',
    `kind must be one of ${degradationNames.join(', ')}, got ${JSON.stringify(kind)}`,
    'choose one of them',
  );
}
