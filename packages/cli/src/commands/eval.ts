import { openSource } from '@fqsr/datasets';
import { conventionNames, parseConvention } from '@fqsr/metrics';
import { z } from 'zod';
import { defineCommand, text, whole } from '../command.js';
import { asUsage, UsageError } from '../errors.js';
import { evaluate } from '../evaluate.js';
import { bicubic, loadNetwork, type Network } from '../networks.js';
import { table } from '../table.js';

/** `fqsr eval`: PSNR and SSIM of a model or of bicubic on a data set. */
export const evalCommand = defineCommand({
  name: 'eval',
  summary: 'Measure a model, or bicubic, on a data set',
  arguments: [],
  example: 'fqsr eval --data photos --scale 2 --method bicubic --json',
  options: z.object({
    data: text({ description: 'folder of images, benchmark folder, photos, or dead-leaves[:COUNT]', value: 'data' }),
    scale: whole({ description: "upscaling factor; by default the model's", value: 'n' }, 2, 4).optional(),
    model: text({ description: 'checkpoint or .fqsr file', value: 'file' }).optional(),
    method: z.enum(['bicubic']).meta({ description: 'measure this instead of a model', value: 'name' }).optional(),
    convention: text({ description: `how to measure: ${conventionNames.join(', ')}`, value: 'name' }).default(
      'edsr-benchmark',
    ),
    limit: whole({ description: 'measure only the first images', value: 'n' }, 1, 1e9).optional(),
  }),
  run: async (_args, { data, scale, model, method, convention, limit }, io) => {
    const by = asUsage('--convention', () => parseConvention(convention));
    const source = await openSource(data);
    const network = await choose(model, method, scale);
    try {
      const evaluation = await evaluate(network, source, io, { convention: by, limit });
      const rows = [...evaluation.perImage, { ...evaluation, name: 'mean' }];
      return {
        json: evaluation,
        text: [
          `${evaluation.model} x${evaluation.scale} on ${evaluation.dataset}, convention ${by}`,
          table(
            ['image', 'PSNR dB', 'SSIM'],
            rows.map(({ name, psnr, ssim }) => [name, psnr.toFixed(2), ssim.toFixed(4)]),
          ),
        ].join('\n'),
      };
    } finally {
      network.dispose();
    }
  },
});

async function choose(
  model: string | undefined,
  method: 'bicubic' | undefined,
  scale: number | undefined,
): Promise<Network> {
  if ((model === undefined) === (method === undefined)) {
    throw new UsageError('--model: exactly one of --model and --method must be given (for example --method bicubic)');
  }
  if (model === undefined) {
    if (scale === undefined) throw new UsageError('--scale: must be given with --method (for example --scale 2)');
    return bicubic(scale);
  }
  const network = await loadNetwork(model);
  if (scale === undefined || scale === network.scale) return network;
  network.dispose();
  throw new UsageError(
    `--scale: must be ${network.scale}, the model's factor, got ${scale} (leave it out, or use another model)`,
  );
}
