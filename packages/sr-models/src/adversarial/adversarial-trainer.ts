/** A generator and a discriminator that train each other by alternating updates: the second stage of SRGAN. */
import * as tf from '@tensorflow/tfjs';
import { ModelError } from '../error.js';
import type { Graph } from '../graph.js';
import type { Params } from '../params.js';
import { Trainer } from '../train-step.js';
import { imagesOf } from '../training/objective.js';
import type { TrainBatch, TrainerContext, TrainerOptions, TrainerState } from '../training/options.js';
import { Adversary, type AdversaryOptions, type AdversaryState } from './adversary.js';

/** What both networks must remember to go on with the same bits. */
export interface AdversarialState {
  readonly generator: TrainerState;
  readonly adversary: AdversaryState;
}

/**
 * Trains a generator, float or quantized, against a discriminator. Owns tensors: dispose it.
 *
 * @example
 * const adversary = adversaryStart({ side: 96, features: 64 }, 1);
 * using pair = new AdversarialTrainer(graph, { generator: startState(graph, pretrained), adversary }, { ...trainerDefaults, ...adversaryDefaults });
 * pair.step(batch, 1e-4);
 */
export class AdversarialTrainer {
  readonly #scale: number;
  readonly #side: number;
  readonly #generator: Trainer;
  readonly #adversary: Adversary;
  /** What the generator made in the pass that is being proposed. */
  #generated: tf.Tensor4D | null = null;
  #terms: Readonly<Record<string, number>> = {};

  constructor(
    graph: Graph,
    { generator, adversary }: AdversarialState,
    options: TrainerOptions & AdversaryOptions,
    context: TrainerContext = {},
  ) {
    this.#scale = graph.scale;
    this.#side = adversary.config.side;
    this.#adversary = new Adversary(adversary, options, options);
    const term = this.#adversary.generatorTerm((images) => {
      this.#generated?.dispose();
      this.#generated = tf.keep(images.clone());
    });
    try {
      this.#generator = new Trainer(graph, generator, options, {
        ...context,
        terms: [...(context.terms ?? []), term],
      });
    } catch (error) {
      this.#adversary.dispose();
      throw error;
    }
  }

  /** Whether the generator's next step still runs in float, under the observers. */
  get warmingUp(): boolean {
    return this.#generator.warmingUp;
  }

  /** Steps taken by each. */
  get steps(): number {
    return this.#generator.steps;
  }

  /** The terms of the last step before their weights, `adversarial` (the generator's) and `discriminator` among them. */
  get terms(): Readonly<Record<string, number>> {
    return this.#terms;
  }

  /**
   * One step of each network on one batch: both see the generator's images of before.
   *
   * @returns the generator's loss before the step
   * @throws ModelError when a loss or a gradient is not finite, or the patches are not as large as the discriminator's images; neither has changed then
   */
  step(batch: TrainBatch, learningRate: number): number {
    const side = batch.patchSize * this.#scale;
    if (side !== this.#side) {
      throw new ModelError(
        'AdversarialTrainer.step',
        `high-resolution patches must have side ${this.#side}, as the discriminator was made for, got ${side}`,
        'change patchSize',
      );
    }
    const mine = this.#generator.propose(batch);
    const { hr, lr } = imagesOf(batch, this.#scale);
    try {
      const theirs = this.#adversary.propose(hr, this.#generated as tf.Tensor4D);
      mine.commit(learningRate);
      theirs.commit(learningRate);
      this.#terms = { ...mine.terms, discriminator: theirs.loss };
      return mine.loss;
    } catch (error) {
      mine.dispose();
      throw error;
    } finally {
      tf.dispose([hr, lr]);
      this.#generated?.dispose();
      this.#generated = null;
    }
  }

  /** A copy of everything that must be remembered. */
  state(): AdversarialState {
    return { generator: this.#generator.state(), adversary: this.#adversary.state() };
  }

  /** A copy of the generator's parameters. */
  params(): Params {
    return this.#generator.params();
  }

  /** The moving average of the generator's parameters, where one is kept. */
  averaged(): Params | null {
    return this.#generator.averaged();
  }

  dispose(): void {
    this.#generator.dispose();
    this.#adversary.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
