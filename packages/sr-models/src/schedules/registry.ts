import { find } from '../find.js';
import { constant } from './constant.js';
import { cosine } from './cosine.js';
import { cosineRestarts } from './cosine-restarts.js';
import { step } from './step.js';
import type { Schedule } from './types.js';

/** All schedules by name. */
export const schedules = {
  constant,
  cosine,
  step,
  'cosine-restarts': cosineRestarts,
} as const satisfies Record<string, Schedule>;

/** The schedule of that name. @throws ModelError listing the known names */
export const scheduleByName = (name: string): Schedule => find<Schedule>(schedules, name, 'schedule');
