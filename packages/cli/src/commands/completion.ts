import { z } from 'zod';
import { defineCommand } from '../command.js';
import { completables } from '../completion/completables.js';
import { shellNames, shells } from '../completion/registry.js';
import { UsageError } from '../errors.js';

/** `fqsr completion`: a script that teaches a shell all commands, their flags and the values these take. */
export const completionCommand = defineCommand({
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
    const script = shells[name].script(await completables(commands));
    return { json: { shell: name, install: shells[name].install, script }, text: script.trimEnd() };
  },
});
