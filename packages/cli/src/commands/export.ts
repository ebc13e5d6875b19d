import { openSource } from '@fqsr/datasets';
import { tolerance } from '@fqsr/sr-models';
import { z } from 'zod';
import { defineCommand, text } from '../command.js';
import { CliError } from '../errors.js';
import { exportFqsr } from '../exporting.js';
import { assertWritable, writeWhole } from '../files.js';
import { readModelFile } from '../networks.js';
import { quantity, table } from '../table.js';

/** Images that an export is verified on. */
const VERIFY_IMAGES = 2;

/** `fqsr export`: a checkpoint to integers, verified against its graph before anything is written. */
export const exportCommand = defineCommand({
  name: 'export',
  summary: 'Write a quantized checkpoint as an integer model, verified against its graph',
  arguments: [{ name: '<checkpoint>', description: 'file that fqsr train wrote' }],
  example: 'fqsr export runs/qat/model.safetensors -o model.fqsr',
  options: z.object({
    output: text({ description: 'file to write', value: 'file', short: 'o' }),
    format: z.enum(['fqsr']).default('fqsr').meta({ description: 'file format', value: 'name' }),
    verify: text({ description: `data to verify on, its first ${VERIFY_IMAGES} images`, value: 'data' }).default(
      'dead-leaves',
    ),
  }),
  run: async ([path = ''], { output, verify }, io) => {
    await assertWritable(output);
    const file = await readModelFile(path, 'checkpoint');
    if (file.kind === 'fqsr')
      throw new CliError(`${path} must be a checkpoint, got an integer model (it is exported already)`);
    const source = await openSource(verify);
    const { scale } = file.checkpoint.model.config;
    const images = [];
    for (let i = 0; i < Math.min(VERIFY_IMAGES, source.count); i++) images.push((await source.pair(i, scale)).lr);
    io.say(`verifying on ${images.length} images of ${source.name}`);
    const { bytes, name, agreement } = await exportFqsr(file.checkpoint, images, {}, io);
    await writeWhole(output, bytes);
    return {
      json: { output, name, bytes: bytes.length, tolerance, agreement },
      text: [
        table(
          ['tensor', 'samples', 'different', 'levels apart'],
          agreement.map(({ tensor, samples, different, largest }) => [
            tensor,
            String(samples),
            String(different),
            String(largest),
          ]),
        ),
        `${output}: ${name}, ${quantity(bytes.length, 'B')}`,
      ].join('\n'),
    };
  },
});
