import type { Flag } from '../flags.js';

/** What a script completes. */
export interface Completable {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** Words that may stand first behind the command; otherwise it takes files. */
  readonly words: readonly string[];
}

/** A shell: makes the script that teaches it the command. */
export interface Shell {
  /** How the script gets there, for the help. */
  readonly install: string;
  readonly script: (commands: readonly Completable[]) => string;
}

/** For a shell's single quotes. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
