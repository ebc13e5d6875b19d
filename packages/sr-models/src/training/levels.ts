/** The last part of a training: integer weights stay as they are, their steps and everything else go on learning. */
import { fakeQuant, gridOf, real, scaled } from '@fqsr/quant-core';
import type { QuantSpec } from '@fqsr/quant-core/spec';
import * as tf from '@tensorflow/tfjs';
import { ModelError } from '../error.js';
import { type FlatLayout, splitTensor } from '../flat.js';
import { type Graph, nodesByName } from '../graph.js';
import { quantizables } from '../passes/parameters.js';

/** Weights and the logarithms of their steps, by their places in a layout. */
interface Held {
  readonly weight: number;
  readonly logStep: number;
  readonly spec: QuantSpec;
}

/**
 * Holds the levels of weights: `w = s q`, in which only `s` learns.
 *
 * In quantization-aware training a weight that would best lie between two levels swings between these to the end (Nagel et al., "Overcoming Oscillations in Quantization-Aware Training", ICML 2022), and what the
 * last step makes of it is chance: steps, biases and a moving average of the parameters fit none of its levels for long. Held levels let all others settle to the very integers that are exported.
 */
export class HeldLevels {
  readonly #layout: FlatLayout;
  readonly #held: readonly Held[];

  /** @throws ModelError where quantized weights have no logarithms of steps, or the step of what they multiply is another for each channel, and so part of their levels */
  constructor(graph: Graph, layout: FlatLayout) {
    const places = new Map(layout.parameters.map(({ name }, i) => [name, i]));
    const byName = nodesByName(graph);
    this.#layout = layout;
    this.#held = quantizables(graph).flatMap(({ key, spec, node }) => {
      if (node.op !== 'conv2d') return [];
      const input = byName.get(node.input);
      if (spec.quantizer !== 'lsq-log') throw refusal(`weights of ${node.name} must have lsq-log`, spec.quantizer);
      if (input?.op === 'quantize' && input.spec.granularity === 'channel') {
        throw refusal(`what ${node.name} reads must have one step`, 'one for each channel');
      }
      return [{ weight: places.get(key) as number, logStep: places.get(`${key}.logStep`) as number, spec }];
    });
  }

  /** Parameters whose weights lie on their levels. @returns a new tensor; the caller disposes both */
  settled(theta: tf.Tensor1D): tf.Tensor1D {
    return this.#changed(theta, (parts) => {
      for (const { weight, logStep, spec } of this.#held) {
        const own = scaled(parts[weight] as tf.Tensor4D);
        const grid = gridOf({ logStep: parts[logStep] as tf.Tensor1D }, spec, own);
        parts[weight] = real(fakeQuant(own, grid, spec, 'nearest'));
      }
    });
  }

  /**
   * The gradient at settled parameters: with `w = s q`, `dL/dlog s` is the sum of `w dL/dw` over the weights of the step, beside what reaches the step itself; weights have none.
   *
   * @returns a new tensor; the caller disposes all
   */
  gradient(theta: tf.Tensor1D, gradient: tf.Tensor1D): tf.Tensor1D {
    return tf.tidy(() => {
      const values = splitTensor(this.#layout, theta);
      return this.#changed(gradient, (parts) => {
        for (const { weight, logStep } of this.#held) {
          const [own, steps] = [parts[weight] as tf.Tensor4D, parts[logStep] as tf.Tensor1D];
          const products = tf.mul(own, values[weight] as tf.Tensor4D);
          const sums = tf.sum(products, steps.size === 1 ? undefined : [0, 1, 2]);
          parts[logStep] = tf.add(steps, tf.reshape(sums, steps.shape));
          parts[weight] = tf.zerosLike(own);
        }
      });
    });
  }

  /** The parameters `after` a step, with the weights of `before` it at the new steps. @returns a new tensor; the caller disposes all */
  followed(before: tf.Tensor1D, after: tf.Tensor1D): tf.Tensor1D {
    return tf.tidy(() => {
      const old = splitTensor(this.#layout, before);
      return this.#changed(after, (parts) => {
        for (const { weight, logStep } of this.#held) {
          const growth = tf.exp(tf.sub(parts[logStep] as tf.Tensor1D, old[logStep] as tf.Tensor1D));
          parts[weight] = tf.mul(old[weight] as tf.Tensor4D, growth);
        }
      });
    });
  }

  #changed(flat: tf.Tensor1D, change: (parts: tf.Tensor[]) => void): tf.Tensor1D {
    return tf.tidy(() => {
      const parts = splitTensor(this.#layout, flat);
      change(parts);
      return tf.concat1d(parts.map((part) => tf.reshape(part, [-1]) as tf.Tensor1D));
    });
  }
}

const refusal = (problem: string, got: string): ModelError =>
  new ModelError('Trainer', `with holdLevelsAt ${problem}, got ${got}`, 'leave holdLevelsAt out');
