import { find } from '../find.js';
import { adam } from './adam.js';
import { adamw } from './adamw.js';
import type { OptimizerRule } from './types.js';

/** All optimizers by name. */
export const optimizers = { adam, adamw } as const satisfies Record<string, OptimizerRule>;

/** The optimizer of that name. @throws ModelError listing the known names */
export const optimizerByName = (name: string): OptimizerRule => find<OptimizerRule>(optimizers, name, 'optimizer');
