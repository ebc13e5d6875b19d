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

/** A training on the device. Owns tensors: dispose it. */
export interface Learner {
  /** The terms of the last step before their weights. */
  readonly terms: () => Readonly<Record<string, number>>;
  /** Whether the quantizers are still off. */
  readonly warmingUp: () => boolean;
  /** @returns the loss before the step */
  readonly step: (batch: TrainBatch, learningRate: number) => number;
  readonly params: () => Params;
  /** The moving average of the parameters, where one is kept. */
  readonly averaged: () => Params | null;
  /** Everything that a checkpoint needs. */
  readonly state: () => { readonly params: Params; readonly training: TrainingState };
  readonly dispose: () => void;
}

/** A training that goes on from a checkpoint. */
export function createLearner(
  graph: Graph,
  { params, training }: Checkpoint,
  config: RunConfig,
  context: TrainerContext,
): Learner {
  if (!training) throw new CliError('checkpoint must hold a training state (give the checkpoint of a run)');
  const { adversary, ...rest } = training;
  const generator = { params, ...rest };
  if (config.adversarial === null) {
    const trainer = new Trainer(graph, generator, config, context);
    return {
      ...shared(trainer),
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
    state: () => {
      const { generator: mine, adversary: theirs } = pair.state();
      const { params: learned, ...state } = mine;
      return { params: learned, training: { ...state, adversary: theirs } };
    },
  };
}

function shared(trainer: Trainer | AdversarialTrainer): Omit<Learner, 'state'> {
  return {
    terms: () => trainer.terms,
    warmingUp: () => trainer.warmingUp,
    step: (batch, learningRate) => trainer.step(batch, learningRate),
    params: () => trainer.params(),
    averaged: () => trainer.averaged(),
    dispose: () => trainer.dispose(),
  };
}
