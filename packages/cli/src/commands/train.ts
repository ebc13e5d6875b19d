import { recipeNames } from '@fqsr/datasets';
import { trainerDefaults } from '@fqsr/sr-models';
import { z } from 'zod';
import { backendOption } from '../backend.js';
import { defineCommand, real, text, whole } from '../command.js';
import { degradationOf } from '../degradation.js';
import { UsageError } from '../errors.js';
import { resolvePlan } from '../plan-option.js';
import { describeConfig, moreDefaults, moreOptions, resolveAids } from '../training/options.js';
import { defaultShards } from '../training/threads.js';
import { type FinishedRun, type RunConfig, readRun, resolveModel, train } from '../training.js';

/** What a new run does where nothing is said. */
export const runDefaults = {
  ...trainerDefaults,
  ...moreDefaults,
  data: 'dead-leaves',
  steps: 1000,
  seed: 1,
  batchSize: 16,
  patchSize: 24,
  patchesPerImage: 16,
  learningRate: 2e-3,
  rampSteps: 20,
  checkpointEvery: 100,
} as const satisfies Partial<RunConfig>;

const options = z.object({
  output: text({ description: 'run folder; a folder with a run in it resumes', value: 'run', short: 'o' }),
  model: text({
    description: 'network: edsr-baseline, srresnet, srgan, ..., or by size, e.g. edsr-f16b4 or srresnet-f32b4',
    value: 'name',
  }).optional(),
  scale: whole({ description: 'upscaling factor (default: 2)', value: 'n' }, 2, 4).optional(),
  init: text({ description: 'checkpoint to start from, ours or of PyTorch', value: 'file' }).optional(),
  plan: text({
    description: 'quantization plan, e.g. w4a4s8, or a JSON file; without it the network trains in float',
    value: 'plan',
  }).optional(),
  data: text({
    description: `training images, several sources with commas between them (default: ${runDefaults.data})`,
    value: 'data',
  }).optional(),
  degradation: text({
    description: `how the low resolution is made, instead of by bicubic: ${recipeNames.join(', ')}, or a recipe in a JSON file`,
    value: 'name',
  }).optional(),
  steps: whole({ description: `optimizer steps (default: ${runDefaults.steps})`, value: 'n' }, 1, 1e8).optional(),
  seed: whole(
    { description: `seed of weights and data (default: ${runDefaults.seed})`, value: 'n' },
    0,
    2 ** 31 - 1,
  ).optional(),
  batchSize: whole(
    { description: `patches a step (default: ${runDefaults.batchSize})`, value: 'n' },
    1,
    4096,
  ).optional(),
  shards: whole(
    {
      description:
        'parts of a batch that threads compute side by side; decides the last bits (default: one for each processor)',
      value: 'n',
    },
    1,
    256,
  ).optional(),
  threads: whole(
    { description: 'at most so many threads; any number gives the same bits (default: all processors)', value: 'n' },
    1,
    256,
  ).optional(),
  patchSize: whole(
    { description: `side of a low-resolution patch (default: ${runDefaults.patchSize})`, value: 'n' },
    4,
    1024,
  ).optional(),
  patchesPerImage: whole(
    { description: `patches of an image in one epoch (default: ${runDefaults.patchesPerImage})`, value: 'n' },
    1,
    1e6,
  ).optional(),
  onBroken: z.enum(['skip', 'throw']).optional().meta({
    description: 'at an image that cannot be decoded: report and skip it, or stop (default: skip)',
    value: 'what',
  }),
  learningRate: real(
    { description: `peak learning rate (default: ${runDefaults.learningRate})`, value: 'x' },
    0,
    1,
  ).optional(),
  rampSteps: whole(
    { description: `steps of linear warm-up (default: ${runDefaults.rampSteps})`, value: 'n' },
    0,
    1e6,
  ).optional(),
  checkpointEvery: whole(
    { description: `steps between checkpoints (default: ${runDefaults.checkpointEvery})`, value: 'n' },
    1,
    1e6,
  ).optional(),
  calibration: z
    .enum(['mse', 'moving-max'])
    .optional()
    .meta({
      description: `how the warm-up finds the first steps of all grids (default: ${runDefaults.calibration})`,
      value: 'name',
    }),
  warmupSteps: whole(
    { description: `float steps before quantization starts (default: ${runDefaults.warmupSteps})`, value: 'n' },
    1,
    1e6,
  ).optional(),
  quantizationLoss: real(
    { description: `weight of the quantization-aware loss (default: ${runDefaults.quantizationLoss})`, value: 'x' },
    0,
    100,
  ).optional(),
  quantizerRate: real(
    {
      description: `learning rate of quantizers relative to weights (default: ${runDefaults.quantizerRate})`,
      value: 'x',
    },
    0,
    1000,
  ).optional(),
  biasRate: real(
    {
      description: `learning rate of biases relative to weights (default: ${runDefaults.biasRate})`,
      value: 'x',
    },
    0,
    1000,
  ).optional(),
  backend: backendOption,
  ...moreOptions,
});

/** `fqsr train`: a float or quantization-aware training in a folder that resumes. */
export const trainCommand = defineCommand({
  arguments: [],
  example: 'fqsr train --init runs/float/model.safetensors --plan w4a4s8 -o runs/w4a4s8',
  options,
  run: async (_args, { output, backend, threads, ...asked }, io) => {
    const known = await readRun(output);
    const config = known ? await checkSame(output, known, asked) : await newRun(asked, io.say);
    return report(output, await train(output, config, io, io.signal, { backend, threads }));
  },
});

type Asked = Omit<z.infer<typeof options>, 'output' | 'backend' | 'threads'>;

async function newRun(
  { model, scale, init, plan, degradation, ...rest }: Asked,
  say: (line: string) => void,
): Promise<RunConfig> {
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const network = await resolveModel({ model, scale, init, plan, say });
  const recipe = await degradationOf(degradation);
  const config = { ...runDefaults, ...given, ...network, ...(recipe && { degradation: recipe }) };
  return resolveAids({ ...config, shards: rest.shards ?? defaultShards(config) });
}

/** A run keeps its options: those given again must be the same. */
async function checkSame(
  folder: string,
  config: RunConfig,
  { model, scale, plan, degradation, ...rest }: Asked,
): Promise<RunConfig> {
  const recipe = await degradationOf(degradation);
  if (recipe && JSON.stringify(recipe) !== JSON.stringify(config.degradation)) {
    const has = config.degradation ? `another one, called ${config.degradation.name}` : 'none';
    throw new UsageError(
      `--degradation: the run in ${folder} has ${has}, got ${degradation} (leave it out to resume, or choose another folder)`,
    );
  }
  if (plan !== undefined && JSON.stringify(await resolvePlan(plan)) !== JSON.stringify(config.plan)) {
    const has = config.plan?.name ?? 'none';
    throw new UsageError(
      `--plan: the run in ${folder} has ${has}, got ${plan} (leave it out to resume, or choose another folder)`,
    );
  }
  const started: Readonly<Record<string, unknown>> = {
    shards: 1,
    ...config,
    model: config.model.name,
    scale: config.model.config.scale,
  };
  for (const [key, value] of Object.entries({ model, scale, ...rest })) {
    if (value === undefined || JSON.stringify(value) === JSON.stringify(started[key])) continue;
    throw new UsageError(
      `${key}: the run in ${folder} has ${String(started[key])}, got ${String(value)} (leave it out to resume, or choose another folder)`,
    );
  }
  return config;
}

function report(folder: string, { config, modelPath, log, validations, resumedFrom }: FinishedRun) {
  const tail = log.slice(-50);
  const loss = tail.reduce((sum, line) => sum + line.loss, 0) / tail.length;
  const best = validations.findLast((line) => line.best) ?? null;
  return {
    json: { run: folder, model: modelPath, steps: config.steps, resumedFrom, loss, best, config },
    text: [
      `${modelPath}: ${describeConfig(config)}, ${config.steps} steps, loss ${loss.toPrecision(4)} over the last ${tail.length}`,
      ...(best
        ? [`best on ${config.validate}: ${best.psnr.toFixed(2)} dB, SSIM ${best.ssim.toFixed(4)}, at step ${best.step}`]
        : []),
    ].join('\n'),
  };
}
