import { z } from 'zod';
import { defineCommand } from '../command.js';
import { shellNames, shells } from '../completion/registry.js';
import { UsageError } from '../errors.js';
import { flagsOf } from '../flags.js';

/** `fqsr completion`: a script that teaches a shell all commands, their flags and the values these take. */
export const completionCommand = defineCommand({
  name: 'completion',
  summary: 'Print a script that completes commands and options in your shell',
  arguments: [
    {
      name: '<shell>',
      description: shellNames.map((name) => `${name}: ${shells[name].install}`).join('; '),
      choices: shellNames,
    },
  ],
  example: 'eval "$(fqsr completion bash)"',
  options: z.object({}),
  run: async ([asked = '']) => {
    const name = shellNames.find((each) => each === asked);
    if (name === undefined) {
      throw new UsageError(`shell: must be one of ${shellNames.join(', ')}, got "${asked}" (see --help)`);
    }
    // The registry holds this command too.
    const { commands } = await import('./registry.js');
    const completable = commands.map((command) => ({
      name: command.name,
      summary: command.summary,
      flags: flagsOf(command),
      words: command.arguments[0]?.choices ?? [],
    }));
    const script = shells[name].script(completable);
    return { json: { shell: name, install: shells[name].install, script }, text: script.trimEnd() };
  },
});
