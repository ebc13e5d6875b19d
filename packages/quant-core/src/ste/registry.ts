import { openRegistry } from '../open-registry.js';
import { approxSign } from './approx-sign.js';
import { clipped } from './clipped.js';
import { dsq } from './dsq.js';
import { ewgs } from './ewgs.js';
import { identity } from './identity.js';
import { lsqScale } from './lsq-scale.js';
import { quantsr } from './quantsr.js';
import { steScale } from './ste-scale.js';
import { stochastic } from './stochastic.js';
import type { Ste } from './types.js';

/** All built-in straight-through estimators by name. */
export const stes = {
  clipped,
  identity,
  'ste-scale': steScale,
  'lsq-scale': lsqScale,
  ewgs,
  dsq,
  quantsr,
  'approx-sign': approxSign,
  stochastic,
} as const satisfies Record<string, Ste>;

/** Name of a built-in straight-through estimator. */
export type SteName = keyof typeof stes;

const registry = /* @__PURE__ */ openRegistry<Ste>(stes, {
  kind: 'ste',
  where: 'registerSte',
  functions: ['gradient'],
});

/** The estimator of that name, built in or registered. @throws QuantError listing the known names */
export function steByName(name: string, kind?: string): Ste {
  return registry.find(name, kind);
}

/**
 * Makes a straight-through estimator known by its name, to every spec, plan and checkpoint that this process reads from then on. Call it once, where the program
 * starts; worker threads register for themselves.
 *
 * @throws QuantError when the name is taken or is not lower-case letters, digits and dashes, or `gradient` is no function
 *
 * @example
 * registerSte(leaky);
 * checkSpec(makeSpec({ bits: 4, ste: 'leaky', steOptions: { leak: 0.2 } })); // throws no more
 */
export function registerSte(ste: Ste): void {
  registry.add(ste);
}
