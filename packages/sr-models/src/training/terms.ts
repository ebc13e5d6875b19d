/** Terms of an objective: what a training step adds up, each a scalar of one forward pass. */
import type * as tf from '@tensorflow/tfjs';
import { ModelError } from '../error.js';
import { lossByName, lossWeights } from '../losses/registry.js';
import type { LossContext } from '../losses/types.js';
import type { Weights } from '../weights.js';

/** The images of a step in grey levels, NHWC. */
export interface StepImages {
  readonly lr: tf.Tensor4D;
  readonly hr: tf.Tensor4D;
}

/** What a forward pass shows to the terms. All tensors belong to the pass: read, do not keep. */
export interface PassView extends StepImages {
  /** The network's image. */
  readonly sr: tf.Tensor4D;
  /** The real values of a node that the term's source watches, NHWC. */
  readonly node: (name: string) => tf.Tensor4D;
}

/** One term. */
export interface Term {
  /** Its name in logs. */
  readonly name: string;
  readonly weight: number;
  /** A scalar, differentiable in what the pass shows. */
  readonly of: (pass: PassView) => tf.Scalar;
}

/** Makes the terms of each step. */
export interface TermSource {
  /** Names of the nodes whose values its terms read. */
  readonly watches: readonly string[];
  /** Runs before the gradient is recorded, so that what does not depend on the parameters (a teacher, the true image) costs no memory there. */
  readonly of: (images: StepImages) => readonly Term[];
}

/**
 * The terms of an objective that is made of registered losses.
 *
 * @throws ModelError for an unknown loss, or one that needs features where there are none
 */
export function lossTerms(loss: string | Weights, context: LossContext): TermSource {
  const terms = Object.entries(lossWeights(loss)).map(([name, weight]): Term => {
    const entry = lossByName(name);
    if (entry.needs === 'features' && !context.features) {
      throw new ModelError(
        'lossTerms',
        `loss ${name} must have VGG19 weights, got none`,
        'give them, or use multi-scale-gradient, which needs none',
      );
    }
    return { name, weight, of: ({ sr, hr }) => entry.of(sr, hr, context) };
  });
  return { watches: [], of: () => terms };
}
