/** An optimizer's memory on the device, on one flat vector, with a state that can be saved exactly. */
import * as tf from '@tensorflow/tfjs';
import { ModelError } from '../error.js';
import { optimizerByName } from './registry.js';
import type { OptimizerOptions, OptimizerRule, OptimizerStep } from './types.js';

/** The constants of the papers, used by EDSR and FQSR; weight decay as in PyTorch, which only `adamw` reads. */
export const optimizerDefaults: OptimizerOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };

/** What an optimizer remembers. */
export interface OptimizerState {
  /** Steps taken. */
  readonly steps: number;
  /** Its vectors by name, e.g. the moments `m` and `v` of Adam. */
  readonly slots: Readonly<Record<string, Float32Array>>;
}

/** A fresh state for `size` parameters. @throws ModelError for an unknown optimizer */
export function optimizerStart(name: string, size: number): OptimizerState {
  const { slots } = optimizerByName(name);
  return { steps: 0, slots: Object.fromEntries(slots.map((slot) => [slot, new Float32Array(size)])) };
}

/**
 * A rule with its slots on the device. Owns tensors: dispose it.
 *
 * @example
 * using optimizer = new Optimizer('adam', optimizerStart('adam', 3));
 * const next = optimizer.update({ theta, gradient, learningRate: 1e-3, rates: null, decayed: null });
 */
export class Optimizer {
  readonly #rule: OptimizerRule;
  readonly #options: OptimizerOptions;
  #slots: readonly tf.Tensor1D[];
  #steps: number;

  /** @throws ModelError for an unknown optimizer, or a state of another one */
  constructor(name: string, state: OptimizerState, options: OptimizerOptions = optimizerDefaults) {
    this.#rule = optimizerByName(name);
    this.#options = options;
    this.#steps = state.steps;
    const got = Object.keys(state.slots).sort().join(', ');
    const wanted = [...this.#rule.slots].sort().join(', ');
    if (got !== wanted) {
      throw new ModelError('Optimizer', `the state of ${name} must have ${wanted}, got ${got}`, 'it is of another one');
    }
    this.#slots = this.#rule.slots.map((slot) => tf.tensor1d(state.slots[slot] as Float32Array));
  }

  /** One step. @returns the new parameters; the caller disposes old and new */
  update(given: Omit<OptimizerStep, 'slots' | 'step'>): tf.Tensor1D {
    this.#steps++;
    const { theta, slots } = tf.tidy(() => {
      const next = this.#rule.next({ ...given, slots: this.#slots, step: this.#steps }, this.#options);
      return { theta: next.theta, slots: [...next.slots] };
    });
    tf.dispose([...this.#slots]);
    this.#slots = slots;
    return theta;
  }

  /** A copy of the state. */
  state(): OptimizerState {
    const copies = this.#rule.slots.map((slot, i) => {
      return [slot, Float32Array.from((this.#slots[i] as tf.Tensor1D).dataSync())] as const;
    });
    return { steps: this.#steps, slots: Object.fromEntries(copies) };
  }

  dispose(): void {
    tf.dispose([...this.#slots]);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
