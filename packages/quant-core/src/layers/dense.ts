import * as tf from '@tensorflow/tfjs';
import { KernelLayer, type KernelRole } from './kernel-layer.js';
import type { Operand, QuantArgs } from './quant-layer.js';

type DenseArgs = Parameters<typeof tf.layers.dense>[0];

/** Arguments of {@link QuantDense}: those of `tf.layers.dense`, and `quantization`. */
export type QuantDenseArgs = QuantArgs<DenseArgs, KernelRole>;

/**
 * `tf.layers.dense` on integers: `y = activation((qx . qw + round(b / (sx * sw))) * (sx * sw))`; see {@link QuantConv2D}. Input `[..., in]`, kernel
 * `[in, units]`, whose steps may differ by unit.
 *
 * @throws QuantError for a spec that is missing or refused, naming its path; for initial `weights` and an activity regularizer
 *
 * @example
 * new QuantDense({ units: 10, quantization: { weights: { bits: 4, granularity: 'channel' }, activations: { bits: 4 } } });
 */
export class QuantDense extends KernelLayer {
  static readonly className = 'QuantDense';

  constructor(args: QuantDenseArgs) {
    super(args, (own) => tf.layers.dense(own as DenseArgs));
  }

  protected override channels(inputShape: tf.Shape) {
    return { activations: inputShape.at(-1) as number, weights: this.kernel.shape.at(-1) as number };
  }

  protected override sum(x: Operand, weights: Operand): tf.Tensor {
    const [inputs, units] = this.kernel.shape as [number, number];
    const rows = tf.matMul(tf.reshape(x.value, [-1, inputs]), weights.value as tf.Tensor2D);
    return tf.reshape(rows, [...x.value.shape.slice(0, -1), units]);
  }
}

tf.serialization.registerClass(QuantDense);
