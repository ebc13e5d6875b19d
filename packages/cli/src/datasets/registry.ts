import type { Action } from './action.js';
import { fetchAction } from './fetch.js';
import { listAction } from './list.js';
import { makeAction } from './make.js';

/** All actions of `fqsr datasets`, by name. */
export const actions = { list: listAction, fetch: fetchAction, make: makeAction } satisfies Record<string, Action>;
