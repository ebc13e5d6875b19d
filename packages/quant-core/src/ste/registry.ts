import { find } from '../find.js';
import { clipped } from './clipped.js';
import type { Ste } from './types.js';

/** All straight-through estimators by name. */
export const stes = { clipped } as const satisfies Record<string, Ste>;

/** The estimator of that name. @throws QuantError listing the known names */
export const steByName = (name: string): Ste => find<Ste>(stes, name, 'ste');
