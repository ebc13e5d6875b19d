/** The options of `fqsr train` that shape the training itself: objective, optimizer, schedule, aids, validation. */
import {
  adversarialLosses,
  adversaryDefaults,
  distillations,
  distillNodesDefault,
  distillWeights,
  losses,
  lossName,
  lossWeights,
  optimizers,
  parseWeights,
  schedules,
  trainerDefaults,
  vggLayersDefault,
  weightsName,
} from '@fqsr/sr-models';
import { z } from 'zod';
import { real, text, whole } from '../command.js';
import { UsageError } from '../errors.js';
import { sha256Of } from './aids.js';
import type { AidConfig, RunConfig, WatchConfig } from './config.js';

/** What a new run does where nothing is said. */
export const moreDefaults = {
  schedule: 'cosine',
  decayAt: [],
  decayFactor: 0.5,
  restartAt: [],
  teacher: null,
  distill: null,
  distillNodes: distillNodesDefault,
  adversarial: null,
  adversarialWeight: adversaryDefaults.adversarialWeight,
  discriminatorFeatures: 64,
  discriminatorRate: adversaryDefaults.discriminatorRate,
  vgg: null,
  vggSha256: null,
  vggLayers: weightsName(vggLayersDefault),
  validate: null,
  validateEvery: 1000,
  validateLimit: 1000,
  samples: 1,
  tensorboard: false,
} as const satisfies Pick<RunConfig, 'schedule' | 'decayAt' | 'decayFactor' | 'restartAt'> & AidConfig & WatchConfig;

/** Weights by name, as text or, in a config file, as an object; kept as text. */
const weights = (description: string, value: string, canonical: (given: string | Record<string, number>) => string) =>
  z
    .union([z.string().min(1), z.record(z.string(), z.number())], {
      error: 'must be a name, name=weight,..., or an object',
    })
    .transform((given, context) => {
      try {
        return canonical(given);
      } catch (error) {
        context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
        return z.NEVER;
      }
    })
    .optional()
    .meta({ description, value });

/** Steps, as text or, in a config file, as a list; kept in order. */
const stepList = (description: string) =>
  z
    .union([z.string().regex(/^\d+(,\d+)*$/, 'must be steps such as 1000,2000'), z.array(z.int().min(1))], {
      error: 'must be steps such as 1000,2000',
    })
    .transform((given) => (typeof given === 'string' ? given.split(',').map(Number) : given).toSorted((a, b) => a - b))
    .optional()
    .meta({ description, value: 'steps' });

const choice = (names: object, description: string) =>
  z
    .enum(Object.keys(names) as [string])
    .optional()
    .meta({ description, value: 'name' });

/** The flags. */
export const moreOptions = {
  loss: weights(
    `objective, a name or name=weight,...: ${Object.keys(losses).join(', ')} (default: ${trainerDefaults.loss})`,
    'name',
    (given) => weightsName(lossWeights(given)),
  ),
  optimizer: choice(optimizers, `optimizer: ${list(optimizers)} (default: ${trainerDefaults.optimizer})`),
  beta1: real(
    { description: `decay of the first moment (default: ${trainerDefaults.beta1})`, value: 'x' },
    0,
    0.9999,
  ).optional(),
  beta2: real(
    { description: `decay of the second moment (default: ${trainerDefaults.beta2})`, value: 'x' },
    0,
    0.99999,
  ).optional(),
  weightDecay: real(
    { description: `weight decay of adamw (default: ${trainerDefaults.weightDecay})`, value: 'x' },
    0,
    100,
  ).optional(),
  schedule: choice(schedules, `learning rate over the steps: ${list(schedules)} (default: ${moreDefaults.schedule})`),
  decayAt: stepList('schedule step: where the rate falls'),
  decayFactor: real(
    { description: `schedule step: what it is multiplied by there (default: ${moreDefaults.decayFactor})`, value: 'x' },
    0,
    1,
  ).optional(),
  restartAt: stepList('schedule cosine-restarts: where the rate starts again'),
  clipNorm: real(
    { description: 'largest norm of the whole gradient (default: 0, no limit)', value: 'x' },
    0,
    1e9,
  ).optional(),
  emaDecay: real(
    {
      description: 'decay of a moving average of the parameters, which is validated and written too (default: 0, none)',
      value: 'x',
    },
    0,
    0.999999,
  ).optional(),
  freezeStatisticsAt: whole(
    { description: 'step from which batch normalisation keeps its statistics (default: never)', value: 'n' },
    0,
    1e8,
  ).optional(),
  holdLevelsAt: whole(
    {
      description:
        'step from which weights keep their integers, while their steps and biases learn on (default: never)',
      value: 'n',
    },
    0,
    1e8,
  ).optional(),
  distill: weights(`learn from a float network, a name or name=weight,...: ${list(distillations)}`, 'name', (given) =>
    weightsName(distillWeights(given)),
  ),
  teacher: text({ description: 'checkpoint of that network (default: a float --init)', value: 'file' }).optional(),
  distillNodes: z
    .union([z.string().min(1), z.array(z.string().min(1))], { error: 'must be node names such as body.add' })
    .transform((given) => (typeof given === 'string' ? given.split(',') : given))
    .optional()
    .meta({ description: `nodes that are compared (default: ${distillNodesDefault.join(',')})`, value: 'names' }),
  adversarial: choice(adversarialLosses, `train against a discriminator: ${list(adversarialLosses)}`),
  adversarialWeight: real(
    { description: `weight of the adversarial loss (default: ${moreDefaults.adversarialWeight})`, value: 'x' },
    0,
    1e6,
  ).optional(),
  discriminatorFeatures: whole(
    { description: `channels of its first convolution (default: ${moreDefaults.discriminatorFeatures})`, value: 'n' },
    1,
    512,
  ).optional(),
  discriminatorRate: real(
    {
      description: `its learning rate relative to the generator's (default: ${moreDefaults.discriminatorRate})`,
      value: 'x',
    },
    0,
    1000,
  ).optional(),
  vgg: text({
    description: "VGG19's weights for perceptual losses: safetensors with torchvision's names",
    value: 'file',
  }).optional(),
  vggSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case')
    .optional()
    .meta({ description: 'SHA-256 that this file must have', value: 'hex' }),
  vggLayers: weights(
    `its layers, a name or name=weight,... (default: ${moreDefaults.vggLayers}, before its ReLU)`,
    'name',
    (given) => weightsName(parseWeights(given, 'layer')),
  ),
  validate: text({ description: 'images to measure the network on while it trains', value: 'data' }).optional(),
  validateEvery: whole(
    { description: `steps between these (default: ${moreDefaults.validateEvery}; the last step always)`, value: 'n' },
    1,
    1e8,
  ).optional(),
  validateLimit: whole({ description: 'at most so many images of them', value: 'n' }, 1, 1e6).optional(),
  samples: whole(
    { description: `images of them to write as PNG each time (default: ${moreDefaults.samples})`, value: 'n' },
    0,
    1000,
  ).optional(),
  tensorboard: z.boolean().optional().meta({ description: 'write a TensorBoard event file too' }),
};

/**
 * Completes a config with what its files say, and refuses what does not fit together.
 *
 * @throws UsageError naming the option
 */
export async function resolveAids(config: RunConfig): Promise<RunConfig> {
  const { loss, distill, init, plan, schedule, decayAt, restartAt, adversarial, shards = 1 } = config;
  const { holdLevelsAt = null, warmupSteps } = config;
  if (adversarial !== null && shards > 1) {
    throw new UsageError(
      `--shards: must be 1 with --adversarial, whose losses compare all images of a batch, got ${shards} (leave it out)`,
    );
  }
  const needsFeatures = Object.keys(lossWeights(loss)).some((name) => name.startsWith('perceptual'));
  if (needsFeatures && config.vgg === null) {
    throw new UsageError(
      '--vgg: must be given with a perceptual loss (or use multi-scale-gradient, which needs no weights)',
    );
  }
  if (!needsFeatures && config.vgg !== null) {
    throw new UsageError('--vgg: must come with a perceptual loss (add one, e.g. --loss l1=0.01,perceptual=1)');
  }
  if (distill === null && config.teacher !== null) {
    throw new UsageError('--teacher: must come with --distill (for example --distill outputs)');
  }
  if (schedule === 'step' && decayAt.length === 0) {
    throw new UsageError('--decay-at: must be given with --schedule step (for example --decay-at 1000,2000)');
  }
  if (schedule === 'cosine-restarts' && restartAt.length === 0) {
    throw new UsageError('--restart-at: must be given with --schedule cosine-restarts (for example --restart-at 1000)');
  }
  if (holdLevelsAt !== null && plan === null) {
    throw new UsageError('--hold-levels-at: must come with --plan, a float network has no levels (leave it out)');
  }
  if (holdLevelsAt !== null && holdLevelsAt < warmupSteps) {
    throw new UsageError(
      `--hold-levels-at: must be at least --warmup-steps ${warmupSteps}, got ${holdLevelsAt} (levels begin there)`,
    );
  }
  const teacher = distill === null ? null : (config.teacher ?? (plan ? init : null));
  if (distill !== null && teacher === null) {
    throw new UsageError('--teacher: must be given with --distill, where --plan with a float --init names none');
  }
  const vggSha256 = config.vgg === null ? null : (config.vggSha256 ?? (await sha256Of(config.vgg, '--vgg')));
  return { ...config, teacher, vggSha256 };
}

/** A run in a few words: `edsr-f16b4 x2 w4a4s8, l1`. */
export function describeConfig({ model, plan, loss, adversarial }: RunConfig): string {
  const against = adversarial === null ? '' : ` against a discriminator (${adversarial})`;
  return `${model.name} x${model.config.scale} ${plan?.name ?? 'float'}, ${lossName(loss)}${against}`;
}

function list(names: object): string {
  return Object.keys(names).join(', ');
}
