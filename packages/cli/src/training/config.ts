/** Everything that decides a run. */
import type { DegradationRecipe, OnBroken } from '@fqsr/datasets';
import type { QuantPlan } from '@fqsr/quant-core/spec';
import type { ModelRef, ScheduleOptions, TrainerOptions } from '@fqsr/sr-models';

/** What stands beside a training: a teacher, an adversary, a network that sees. */
export interface AidConfig {
  /** Path of the float checkpoint that teaches, where {@link distill} is set. */
  readonly teacher: string | null;
  /** What is learned from it, e.g. `outputs=1,attention=1000`; `null` for nothing. */
  readonly distill: string | null;
  /** Nodes whose values are compared. */
  readonly distillNodes: readonly string[];
  /** Name of the adversarial loss; `null` trains without an adversary. */
  readonly adversarial: string | null;
  readonly adversarialWeight: number;
  /** Channels of the discriminator's first convolution. */
  readonly discriminatorFeatures: number;
  /** Its learning rate relative to the generator's. */
  readonly discriminatorRate: number;
  /** Path of VGG19's weights, for perceptual losses. */
  readonly vgg: string | null;
  /** SHA-256 that the file must have, or had at the start; `null` without a file. */
  readonly vggSha256: string | null;
  /** Its layers, e.g. `conv5_4`. */
  readonly vggLayers: string;
}

/** What is measured and written while a training runs. */
export interface WatchConfig {
  /** Source of image pairs; `null` for none. */
  readonly validate: string | null;
  /** Steps between validations; the last step is always measured. */
  readonly validateEvery: number;
  /** Images of it, from the first on. */
  readonly validateLimit: number;
  /** So many of them are written as PNG each time. */
  readonly samples: number;
  readonly tensorboard: boolean;
}

/** Everything that decides a run, resolved: the same config gives the same bits. */
export interface RunConfig extends TrainerOptions, Omit<ScheduleOptions, 'steps'>, AidConfig, WatchConfig {
  readonly model: ModelRef;
  readonly plan: QuantPlan | null;
  /** Path of the checkpoint that the run started from. */
  readonly init: string | null;
  readonly data: string;
  /** How the low resolution is made; by bicubic, or by the source's own files, when left out. The recipe itself, whatever becomes of its file. */
  readonly degradation?: DegradationRecipe;
  readonly steps: number;
  readonly seed: number;
  readonly batchSize: number;
  /** Parts that a batch is cut into, for threads to compute side by side; 1 where it is left out. */
  readonly shards?: number;
  /** Side of a low-resolution patch. */
  readonly patchSize: number;
  readonly patchesPerImage: number;
  /** What happens at a broken image; a run that does not say so skips it. */
  readonly onBroken?: OnBroken;
  /** Peak learning rate; a linear ramp over {@link rampSteps}, times the {@link schedule}. */
  readonly learningRate: number;
  readonly rampSteps: number;
  /** Name of a schedule. */
  readonly schedule: string;
  readonly checkpointEvery: number;
}
