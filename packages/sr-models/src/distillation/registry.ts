import { find } from '../find.js';
import { attention } from './attention.js';
import { outputs } from './outputs.js';
import { squaredOutputs } from './squared-outputs.js';
import type { Distillation } from './types.js';

/** All ways to learn from a teacher by name. */
export const distillations = {
  outputs,
  'squared-outputs': squaredOutputs,
  attention,
} as const satisfies Record<string, Distillation>;

/** The way of that name. @throws ModelError listing the known names */
export const distillationByName = (name: string): Distillation =>
  find<Distillation>(distillations, name, 'distillation');
