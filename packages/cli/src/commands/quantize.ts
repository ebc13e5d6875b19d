import { useBackend } from '@fqsr/backends';
import { type CalibrationName, calibrations } from '@fqsr/quant-core';
import {
  floatNetwork,
  graphOf,
  postTrainDefaults,
  type RegionReport,
  serializeCheckpoint,
  type WithImageSkip,
} from '@fqsr/sr-models';
import { z } from 'zod';
import { defineCommand, text, whole } from '../command.js';
import { CliError } from '../errors.js';
import { assertWritable, writeWhole } from '../files.js';
import { named, readModelFile } from '../networks.js';
import { planOption, resolvePlan } from '../plan-option.js';
import { calibrationPatches, imageSkipOn, postTrainOn } from '../post-training.js';
import { table } from '../table.js';

const calibrationNames = Object.keys(calibrations) as readonly CalibrationName[];

/** `fqsr quantize`: a float checkpoint becomes a quantized one without training as a whole. */
export const quantizeCommand = defineCommand({
  arguments: [{ name: '<checkpoint>', description: 'float checkpoint, as fqsr import or fqsr train wrote it' }],
  example: 'fqsr quantize edsr-x4.safetensors --plan w8a8s8 --calibrate photos -o edsr-x4-w8a8s8.safetensors',
  options: z.object({
    output: text({ description: 'checkpoint to write', value: 'file', short: 'o' }),
    plan: planOption('quantization plan'),
    calibrate: text({ description: 'data whose low-resolution patches it sees', value: 'data' }).default('photos'),
    patches: whole({ description: 'how many', value: 'n' }, 1, 4096).default(64),
    patchSize: whole({ description: 'their side', value: 'n' }, 4, 1024).default(16),
    calibration: z.enum(calibrationNames).default('mse').meta({ description: 'how steps are found', value: 'name' }),
    imageSkip: z.enum(['none', 'bilinear']).default('none').meta({
      description:
        'EDSR: what the upsampler makes is added to a bilinear enlargement of the image, and its feature maps go without the low frequencies',
      value: 'name',
    }),
    rotation: z.enum(['none', 'hadamard', 'balanced']).default(postTrainDefaults.rotation).meta({
      description:
        'change the basis of linear feature maps first: mixed at random, so that outliers are spread, or as gives the least noise on the patches',
      value: 'name',
    }),
    equalization: z
      .enum(['none', 'weights', 'activations'])
      .default(postTrainDefaults.equalization)
      .meta({ description: 'balance channels between layers first, by these ranges', value: 'by' }),
    skipGrids: z.enum(['own', 'stream']).default(postTrainDefaults.skipGrids).meta({
      description: 'one grid for each add, or one for all adds of a residual stream, which rounds half as often',
      value: 'which',
    }),
    reconstruction: z.enum(['block', 'layer', 'none']).default(postTrainDefaults.reconstruction).meta({
      description: 'learn the rounding of weights, steps and biases of regions of this size; none is fast',
      value: 'size',
    }),
    iterations: whole({ description: 'of each region', value: 'n' }, 1, 100_000).default(300),
    batchSize: whole({ description: 'patches in an iteration', value: 'n' }, 1, 256).default(4),
    biasCorrection: z
      .enum(['mean', 'none'])
      .default(postTrainDefaults.biasCorrection)
      .meta({ description: 'take back the mean error of each region', value: 'name' }),
    seed: whole({ description: 'of patches, iterations and rotations', value: 'n' }, 0, 2 ** 31 - 1).default(1),
  }),
  run: async ([path = ''], options, io) => {
    const { output, calibrate, patches, patchSize, iterations, batchSize, seed } = options;
    const plan = await resolvePlan(options.plan);
    await assertWritable(output);
    const file = await readModelFile(path, 'checkpoint');
    if (file.kind === 'fqsr' || file.checkpoint.plan) {
      throw new CliError(`${path} must be a float checkpoint, got a quantized network (give the one it came from)`);
    }
    await useBackend('auto');
    const { calibration, rotation, equalization, skipGrids, reconstruction, biasCorrection } = options;
    const tools = { calibration, rotation, equalization, skipGrids, reconstruction, biasCorrection };
    const learning = { iterations, batchSize: Math.min(batchSize, patches), seed };
    const data = { data: calibrate, patches, patchSize, seed };
    const { imageSkip } = options;
    const { checkpoint } = file;
    const batches = await calibrationPatches(data, checkpoint.model.config.scale);
    const { skipped, trained } = await named(path, async () => {
      const skipped = imageSkip === 'bilinear' ? imageSkipOn(checkpoint, batches, io) : null;
      const { model, params } = skipped ?? checkpoint;
      const float = floatNetwork(graphOf({ model, plan: null }), params);
      return { skipped, trained: postTrainOn(float, plan, batches, { ...tools, learning }, io) };
    });
    const { model } = skipped ?? checkpoint;
    const run = { quantized: { imageSkip, ...tools, ...data, iterations } };
    await writeWhole(output, serializeCheckpoint({ model, plan, params: trained.params, training: null, run }));
    const { name } = trained.graph;
    return {
      json: {
        output,
        name,
        plan: plan.name,
        imageSkip: skipped && skipOf(skipped),
        ...tools,
        regions: trained.regions,
      },
      text: [
        ...skipLines(skipped),
        ...regionTable(trained.regions),
        `${output}: ${name}, fake-quantized (fqsr export writes integers)`,
      ].join('\n'),
    };
  },
});

const skipOf = ({ error, share }: WithImageSkip) => ({ error, share });

/** What the image skip changed; nothing where there is none. */
function skipLines(skipped: WithImageSkip | null): readonly string[] {
  if (!skipped) return [];
  const [levels, percent] = [skipped.error.toFixed(2), Math.round(100 * skipped.share)];
  return [
    `image skip: ${levels} grey levels from the float network, its upsampler reads ${percent} % of the energy`,
    '',
  ];
}

/** What each region gained; nothing where no region was worked on. */
function regionTable(regions: readonly RegionReport[]): readonly string[] {
  if (regions.length === 0) return [];
  const rows = regions.map(({ region, nearest, final }) => [
    region,
    nearest === null ? '-' : nearest.toPrecision(3),
    final.toPrecision(3),
  ]);
  return [
    table(['region', 'nearest', 'final'], rows),
    'squared error of its output against the float network, summed over channels: weights at their nearest levels, and in the end',
    '',
  ];
}
