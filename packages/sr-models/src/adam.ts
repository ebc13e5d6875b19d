/** Adam (Kingma and Ba, ICLR 2015) on one flat vector, with a state that can be saved exactly. */
import * as tf from '@tensorflow/tfjs';

/** Constants of Adam. */
export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** The values of the paper, used by EDSR and FQSR. */
export const adamDefaults: AdamOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** What Adam remembers. */
export interface AdamState {
  /** Steps taken. */
  readonly steps: number;
  /** First moment. */
  readonly m: Float32Array;
  /** Second moment. */
  readonly v: Float32Array;
}

/** A fresh state for `size` parameters. */
export function adamStart(size: number): AdamState {
  return { steps: 0, m: new Float32Array(size), v: new Float32Array(size) };
}

/** Adam with its moments on the device. Owns tensors: dispose it. */
export class Adam {
  #m: tf.Tensor1D;
  #v: tf.Tensor1D;
  #steps: number;
  readonly #options: AdamOptions;

  constructor(state: AdamState, options: AdamOptions = adamDefaults) {
    this.#m = tf.tensor1d(state.m);
    this.#v = tf.tensor1d(state.v);
    this.#steps = state.steps;
    this.#options = options;
  }

  /**
   * One step: `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`, `theta - lr * m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)`.
   *
   * The bias corrections are computed in float64 from the step count, so a restored state goes on with the same bits.
   *
   * @param rates learning rate of each parameter relative to `learningRate`, or `null` for 1
   * @returns the new parameters; the caller disposes old and new
   */
  update(theta: tf.Tensor1D, gradient: tf.Tensor1D, learningRate: number, rates: tf.Tensor1D | null): tf.Tensor1D {
    const { beta1, beta2, epsilon } = this.#options;
    this.#steps++;
    const correction1 = 1 - beta1 ** this.#steps;
    const correction2 = 1 - beta2 ** this.#steps;
    const [m, v, next] = tf.tidy(() => {
      const first = tf.add(tf.mul(this.#m, beta1), tf.mul(gradient, 1 - beta1));
      const second = tf.add(tf.mul(this.#v, beta2), tf.mul(tf.square(gradient), 1 - beta2));
      const denominator = tf.add(tf.sqrt(tf.mul(second, 1 / correction2)), epsilon);
      const direction = tf.div(tf.mul(first, learningRate / correction1), denominator);
      return [first, second, tf.sub(theta, rates ? tf.mul(direction, rates) : direction)] as tf.Tensor1D[];
    }) as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
    tf.dispose([this.#m, this.#v]);
    this.#m = m;
    this.#v = v;
    return next;
  }

  /** A copy of the state. */
  state(): AdamState {
    return {
      steps: this.#steps,
      m: Float32Array.from(this.#m.dataSync()),
      v: Float32Array.from(this.#v.dataSync()),
    };
  }

  dispose(): void {
    tf.dispose([this.#m, this.#v]);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
