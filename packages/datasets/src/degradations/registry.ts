/** The degradations. A new one is a file beside this one and a line here. */
import { bicubic } from './bicubic.js';
import type { Degradation } from './degradation.js';
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
} satisfies Record<string, Degradation<never>>;

/** Name of a degradation. */
export type DegradationName = keyof typeof degradations;

/** The names of all degradations. */
export const degradationNames = Object.keys(degradations) as readonly DegradationName[];

/** The options of each degradation. */
export type DegradationOptions = {
  readonly [Name in DegradationName]: Parameters<(typeof degradations)[Name]['check']>[0];
};

/** A step of a pipeline, as data: `{ kind: 'jpeg', quality: 40 }`. */
export type DegradationStep<Name extends DegradationName = DegradationName> = {
  readonly [Each in Name]: { readonly kind: Each } & DegradationOptions[Each];
}[Name];
