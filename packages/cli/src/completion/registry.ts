/** The shells. A new one is a file beside this one and a line here. */
import { bash } from './bash.js';
import { fish } from './fish.js';
import type { Shell } from './shell.js';
import { zsh } from './zsh.js';

/** All shells by name. */
export const shells = { bash, zsh, fish } satisfies Record<string, Shell>;

/** Name of a shell. */
export type ShellName = keyof typeof shells;

/** The names of all shells. */
export const shellNames = Object.keys(shells) as readonly ShellName[];
