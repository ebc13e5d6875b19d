import type { CommandEntry } from '../command.js';
import { flagsOf } from '../flags.js';
import type { Completable } from './shell.js';

/** What a shell completes of all commands. */
export function completables(commands: readonly CommandEntry[]): Promise<readonly Completable[]> {
  return Promise.all(
    commands.map(async ({ name, summary, load }) => {
      const command = await load();
      return { name, summary, flags: flagsOf(command), words: command.arguments[0]?.choices ?? [] };
    }),
  );
}
