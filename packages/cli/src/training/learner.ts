/** One interface over both kinds of training: a network by itself, or against an adversary. */
import {
  AdversarialTrainer,
  type AdversaryOptions,
  type Checkpoint,
  type Graph,
  type Params,
  type TrainBatch,
  Trainer,
  type TrainerContext,
  type TrainingState,
} from '@fqsr/sr-models';
import { CliError } from '../errors.js';
import type { RunConfig } from './config.js';
import type { TrainingPool } from './threads.js';

/** A training on the device. Owns tensors: dispose it. */
export interface Learner {
  /** The terms of the last step before their weights. */
  readonly terms: () => Readonly<Record<string, number>>;
  /** Whether the quantizers are still off. */
  readonly warmingUp: () => boolean;
  /** @returns the loss before the step */
  readonly step: (batch: TrainBatch, learningRate: number) => Promise<number>;
  readonly params: () => Params;
  /** The moving average of the parameters, where one is kept. */
  readonly averaged: () => Params | null;
  /** Everything that a checkpoint needs. */
  readonly state: () => { readonly params: Params; readonly training: TrainingState };
  readonly dispose: () => void;
}

/**
 * A training that goes on from a checkpoint.
 *
 * @param pool computes the shards of a network that trains by itself; `null` for whole batches in this thread
 */
export function createLearner(
  graph: Graph,
  { params, training }: Checkpoint,
  config: RunConfig,
  context: TrainerContext,
  pool: TrainingPool | null,
): Learner {
  if (!training) throw new CliError('checkpoint must hold a training state (give the checkpoint of a run)');
  const { adversary, ...rest } = training;
  const generator = { params, ...rest };
  if (config.adversarial === null) {
    const trainer = new Trainer(graph, generator, config, context);
    return {
      ...shared(trainer),
      step: async (batch, learningRate) =>
        pool ? trainer.stepByShards(batch, learningRate, pool, config.shards ?? 1) : trainer.step(batch, learningRate),
      state: () => {
        const { params: learned, ...state } = trainer.state();
        return { params: learned, training: { ...state, adversary: null } };
      },
    };
  }
  if (!adversary) throw new CliError('checkpoint must hold a discriminator (give the checkpoint of the run)');
  const { adversarial, adversarialWeight, discriminatorRate } = config;
  const options: AdversaryOptions = { adversarial, adversarialWeight, discriminatorRate };
  const pair = new AdversarialTrainer(graph, { generator, adversary }, { ...config, ...options }, context);
  return {
    ...shared(pair),
    step: async (batch, learningRate) => pair.step(batch, learningRate),
    state: () => {
      const { generator: mine, adversary: theirs } = pair.state();
      const { params: learned, ...state } = mine;
      return { params: learned, training: { ...state, adversary: theirs } };
    },
  };
}

function shared(trainer: Trainer | AdversarialTrainer): Omit<Learner, 'state' | 'step'> {
  return {
    terms: () => trainer.terms,
    warmingUp: () => trainer.warmingUp,
    params: () => trainer.params(),
    averaged: () => trainer.averaged(),
    dispose: () => trainer.dispose(),
  };
}
