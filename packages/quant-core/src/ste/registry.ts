import { find } from '../find.js';
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

/** All straight-through estimators by name. */
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

/** Name of a straight-through estimator. */
export type SteName = keyof typeof stes;

/** The estimator of that name. @throws QuantError listing the known names */
export const steByName = (name: string, kind = 'ste'): Ste => find<Ste>(stes, name, kind);
