import { find } from '../find.js';
import { l1 } from './l1.js';
import type { Loss } from './types.js';

/** All losses by name. */
export const losses = { l1 } as const satisfies Record<string, Loss>;

/** The loss of that name. @throws ModelError listing the known names */
export const lossByName = (name: string): Loss => find<Loss>(losses, name, 'loss');
