import { find } from '../find.js';
import { relativistic } from './relativistic.js';
import { standard } from './standard.js';
import type { AdversarialLoss } from './types.js';

/** All adversarial losses by name. */
export const adversarialLosses = { standard, relativistic } as const satisfies Record<string, AdversarialLoss>;

/** The adversarial loss of that name. @throws ModelError listing the known names */
export const adversarialLossByName = (name: string): AdversarialLoss =>
  find<AdversarialLoss>(adversarialLosses, name, 'adversarial loss');
