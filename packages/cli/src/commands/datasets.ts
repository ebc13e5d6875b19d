import { recipeNames } from '@fqsr/datasets';
import { z } from 'zod';
import { defineCommand, text, whole } from '../command.js';
import { actions } from '../datasets/registry.js';
import { UsageError } from '../errors.js';

const options = z.object({
  output: text({ description: 'make: folder that is to be; it must be free', value: 'folder', short: 'o' }).optional(),
  scale: whole(
    {
      description: 'make: write pairs at this factor, in the layout of SelfExSR; without it the images alone',
      value: 'n',
    },
    2,
    4,
  ).optional(),
  limit: whole({ description: 'make: only the first images', value: 'n' }, 1, 1e9).optional(),
  onBroken: z
    .enum(['skip', 'throw'])
    .default('throw')
    .meta({ description: 'make: at an image that cannot be decoded, report and skip it, or stop', value: 'what' }),
  degradation: text({
    description: `make: how the low resolution is made, instead of by bicubic: ${recipeNames.join(', ')}, or a recipe in a JSON file`,
    value: 'name',
  }).optional(),
  seed: whole({ description: 'make: seed of the degradation', value: 'n' }, 0, 2 ** 31 - 1).default(1),
  sha256: text({ description: 'fetch: checksum that an address must have', value: 'hex' }).optional(),
});

/** What the actions of `fqsr datasets` are told. */
export type DatasetsOptions = z.infer<typeof options>;

/** `fqsr datasets`: what data there is, downloading it, and making it. */
export const datasetsCommand = defineCommand({
  arguments: [
    {
      name: '<action>',
      description: Object.entries(actions)
        .map(([name, { summary }]) => `${name}: ${summary}`)
        .join('; '),
      choices: Object.keys(actions),
    },
    { name: '[data]', description: 'fetch: a name of the list, or the address of an archive; make: a source' },
  ],
  example: 'fqsr datasets make dead-leaves:100:256 --scale 2 -o leaves',
  options,
  run: async ([action = '', data], asked, io) => {
    const known = Object.entries(actions).find(([name]) => name === action);
    if (known) return known[1].run(data, asked, io);
    throw new UsageError(`action: must be one of ${Object.keys(actions).join(', ')}, got ${action} (see --help)`);
  },
});
