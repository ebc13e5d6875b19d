/** The adversary of a generator: a discriminator with its optimizer. */
import * as tf from '@tensorflow/tfjs';
import { ModelError } from '../error.js';
import { type FlatLayout, flatten, layoutOf, splitTensor, unflatten } from '../flat.js';
import { Optimizer, type OptimizerState, optimizerStart } from '../optimizers/optimizer.js';
import type { OptimizerOptions } from '../optimizers/types.js';
import type { Params, ParamTensors } from '../params.js';
import { decayMask } from '../training/rates.js';
import type { TermSource } from '../training/terms.js';
import { type DiscriminatorConfig, discriminate, discriminatorParameters, initDiscriminator } from './discriminator.js';
import { adversarialLossByName } from './registry.js';

/** What decides how a generator and its adversary train each other. Plain data. */
export interface AdversaryOptions {
  /** Name of an adversarial loss. */
  readonly adversarial: string;
  /** Weight of the generator's adversarial loss beside its other terms; 1e-3 in SRGAN. */
  readonly adversarialWeight: number;
  /** Learning rate of the discriminator relative to the generator's. */
  readonly discriminatorRate: number;
}

/** SRGAN's. */
export const adversaryDefaults: AdversaryOptions = {
  adversarial: 'standard',
  adversarialWeight: 1e-3,
  discriminatorRate: 1,
};

/** What an adversary must remember to go on with the same bits. */
export interface AdversaryState {
  readonly config: DiscriminatorConfig;
  readonly params: Params;
  readonly optimizer: OptimizerState;
}

/** The state of an adversary that has not begun. */
export function adversaryStart(config: DiscriminatorConfig, seed: number, optimizer = 'adam'): AdversaryState {
  const { total } = layoutOf(discriminatorParameters(config));
  return { config, params: initDiscriminator(config, seed), optimizer: optimizerStart(optimizer, total) };
}

/** A discriminator's step, not yet taken. Owns tensors: commit or dispose it. */
export interface AdversaryProposal {
  /** The discriminator's loss before the step, in nats. */
  readonly loss: number;
  readonly commit: (learningRate: number) => void;
  readonly dispose: () => void;
}

/** A discriminator on the device. Owns tensors: dispose it. */
export class Adversary {
  readonly #config: DiscriminatorConfig;
  readonly #options: AdversaryOptions;
  readonly #layout: FlatLayout;
  readonly #optimizer: Optimizer;
  readonly #decayed: tf.Tensor1D;
  #theta: tf.Tensor1D;

  /** @throws ModelError for an unknown loss or optimizer, or a state of another one */
  constructor(
    state: AdversaryState,
    options: AdversaryOptions,
    optimizer: { readonly optimizer: string } & OptimizerOptions,
  ) {
    adversarialLossByName(options.adversarial);
    this.#config = state.config;
    this.#options = options;
    this.#layout = layoutOf(discriminatorParameters(state.config));
    this.#optimizer = new Optimizer(optimizer.optimizer, state.optimizer, optimizer);
    this.#decayed = tf.tensor1d(decayMask(this.#layout));
    this.#theta = tf.tensor1d(flatten(this.#layout, state.params));
  }

  /**
   * The generator's adversarial term, named `adversarial`. The discriminator is held fixed in it.
   *
   * @param onGenerated sees the generator's images of each pass; they belong to the pass
   */
  generatorTerm(onGenerated: (images: tf.Tensor4D) => void): TermSource {
    const { adversarial, adversarialWeight: weight } = this.#options;
    const loss = adversarialLossByName(adversarial);
    return {
      watches: [],
      of: ({ hr }) => {
        const params = this.#tensors();
        const real = discriminate(hr, params);
        const of = ({ sr }: { readonly sr: tf.Tensor4D }) => {
          onGenerated(sr);
          return loss.generator(real, discriminate(sr, params));
        };
        return [{ name: 'adversarial', weight, of }];
      },
    };
  }

  /**
   * The step that these images ask for.
   *
   * @throws ModelError when the loss or the gradient is not finite; nothing has changed then
   */
  propose(real: tf.Tensor4D, fake: tf.Tensor4D): AdversaryProposal {
    const { discriminator } = adversarialLossByName(this.#options.adversarial);
    let loss = Number.NaN;
    const { gradient, finite } = tf.tidy(() => {
      const objective = (...tensors: tf.Tensor[]): tf.Scalar => {
        const params = this.#named(tensors);
        const value = discriminator(discriminate(real, params), discriminate(fake, params));
        loss = value.dataSync()[0] as number;
        return value;
      };
      const { grads } = tf.valueAndGrads(objective)(splitTensor(this.#layout, this.#theta));
      const flat = tf.concat1d(grads.map((grad) => tf.reshape(grad, [-1]) as tf.Tensor1D));
      return { gradient: flat, finite: tf.sum(tf.mul(flat, 0)).dataSync()[0] === 0 };
    });
    if (!Number.isFinite(loss) || !finite) {
      gradient.dispose();
      throw new ModelError(
        'Adversary.propose',
        `the discriminator's loss and gradient must stay finite, got a loss of ${loss} at step ${this.#optimizer.state().steps}`,
        'lower the learning rate',
      );
    }
    return { loss, commit: (rate) => this.#commit(gradient, rate), dispose: () => gradient.dispose() };
  }

  /** A copy of everything that must be remembered. */
  state(): AdversaryState {
    const params = unflatten(this.#layout, this.#theta.dataSync() as Float32Array);
    return { config: this.#config, params, optimizer: this.#optimizer.state() };
  }

  dispose(): void {
    tf.dispose([this.#theta, this.#decayed]);
    this.#optimizer.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #commit(gradient: tf.Tensor1D, generatorRate: number): void {
    const learningRate = generatorRate * this.#options.discriminatorRate;
    const given = { theta: this.#theta, gradient, learningRate, rates: null, decayed: this.#decayed };
    const theta = this.#optimizer.update(given);
    tf.dispose([this.#theta, gradient]);
    this.#theta = theta;
  }

  #tensors(): ParamTensors {
    return this.#named(splitTensor(this.#layout, this.#theta));
  }

  #named(tensors: readonly tf.Tensor[]): ParamTensors {
    return new Map(this.#layout.parameters.map(({ name }, i) => [name, tensors[i] as tf.Tensor]));
  }
}
