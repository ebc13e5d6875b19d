import {
  buildGraph,
  cost,
  type ModelRef,
  modelByName,
  nameMaps,
  type Range,
  serializeCheckpoint,
} from '@fqsr/sr-models';
import { z } from 'zod';
import { defineCommand, text, whole } from '../command.js';
import { asUsage, UsageError } from '../errors.js';
import { assertWritable, readBytes, writeWhole } from '../files.js';
import { readForeignNetwork } from '../foreign.js';
import { named } from '../networks.js';
import { quantity } from '../table.js';

/** `fqsr import`: a network that PyTorch trained becomes a float checkpoint. */
export const importCommand = defineCommand({
  arguments: [{ name: '<file>', description: 'state_dict by torch.save, or safetensors' }],
  example: 'fqsr import edsr_baseline_x2.pt --model edsr-baseline --scale 2 -o edsr-x2.safetensors',
  options: z.object({
    output: text({ description: 'checkpoint to write', value: 'file', short: 'o' }),
    model: text({
      description: 'network of the file; by default what its tensors look like',
      value: 'name',
    }).optional(),
    scale: whole({ description: 'upscaling factor; must be given with --model', value: 'n' }, 2, 4).optional(),
    map: z
      .enum(Object.keys(nameMaps) as [keyof typeof nameMaps])
      .optional()
      .meta({ description: `whose names the tensors have; by default recognised: ${describeMaps()}`, value: 'name' }),
    range: z.enum(['1', '255']).optional().meta({
      description: "white in the network's images; by default what the file or its naming says",
      value: 'white',
    }),
  }),
  run: async ([path = ''], { output, model, scale, map, range }, io) => {
    const asked = modelOf(model, scale);
    await assertWritable(output);
    const bytes = await readBytes(path, 'file');
    const white = range === undefined ? undefined : (Number(range) as Range);
    const read = await named(path, () => readForeignNetwork(path, bytes, { model: asked, map, range: white }));
    const { checkpoint, imported, line } = read;
    const { name, config } = checkpoint.model;
    if (asked === undefined && scale !== undefined && scale !== config.scale) {
      throw new UsageError(`--scale: must be ${config.scale}, as the tensors of ${path} say, got ${scale}`);
    }
    await writeWhole(output, serializeCheckpoint(checkpoint));
    io.say(line);
    const { parameters } = cost(buildGraph(checkpoint.model));
    return {
      json: { output, model: checkpoint.model, parameters, ...imported },
      text: `${output}: ${name} x${config.scale}, ${quantity(parameters, '')} parameters, names of ${imported.map}, images to ${imported.range}`,
    };
  },
});

function describeMaps(): string {
  return Object.values(nameMaps)
    .map(({ name, description }) => `${name} (${description})`)
    .join(', ');
}

function modelOf(name: string | undefined, scale: number | undefined): ModelRef | undefined {
  if (name === undefined) return undefined;
  if (scale === undefined) throw new UsageError('--scale: must be given with --model (for example --scale 4)');
  return asUsage('--model', () => modelByName(name, scale));
}
