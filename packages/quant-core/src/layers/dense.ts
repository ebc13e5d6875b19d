import * as tf from '@tensorflow/tfjs';
import { activationOf, addBias } from './affine.js';
import { type BaseArgs, type Operand, type Operands, type QuantArgs, QuantLayer } from './quant-layer.js';
import { anySpec, summedInput } from './quantization.js';

type DenseArgs = Parameters<typeof tf.layers.dense>[0];

/** Arguments of {@link QuantDense}: those of `tf.layers.dense`, and `quantization`. */
export type QuantDenseArgs = QuantArgs<DenseArgs, 'weights' | 'activations'>;

/**
 * `tf.layers.dense` on integers: `y = activation((qx . qw + round(b / (sx * sw))) * (sx * sw))`; see {@link QuantConv2D}. Input `[..., in]`, kernel
 * `[in, units]`, whose steps may differ by unit.
 *
 * @throws QuantError for a spec that is missing or refused, naming its path; for initial `weights` and an activity regularizer
 *
 * @example
 * new QuantDense({ units: 10, quantization: { weights: { bits: 4, granularity: 'channel' }, activations: { bits: 4 } } });
 */
export class QuantDense extends QuantLayer<'weights' | 'activations'> {
  static readonly className = 'QuantDense';
  private readonly activation: tf.layers.Layer | null;

  constructor(args: QuantDenseArgs) {
    super(args, {
      rules: { weights: anySpec, activations: summedInput },
      wrap: (own: BaseArgs) => tf.layers.dense(own as DenseArgs),
    });
    this.activation = activationOf(this.wrapped);
  }

  protected override channels(inputShape: tf.Shape) {
    return { activations: inputShape.at(-1) as number, weights: this.kernel.shape.at(-1) as number };
  }

  protected override tensors(inputs: readonly tf.Tensor[]) {
    return { activations: inputs, weights: [this.kernel.read()] };
  }

  protected override compute({ activations, weights }: Operands<'weights' | 'activations'>): tf.Tensor {
    const [x, w] = [activations[0] as Operand, weights[0] as Operand];
    const [inputs, units] = this.kernel.shape as [number, number];
    const acc = tf.matMul(tf.reshape(x.value, [-1, inputs]), w.value as tf.Tensor2D);
    const shaped = tf.reshape(acc, [...x.value.shape.slice(0, -1), units]);
    const y = addBias(shaped, x, w, this.wrapped.weights[1]?.read() ?? null);
    return this.activation ? (this.activation.apply(y) as tf.Tensor) : y;
  }

  private get kernel(): tf.LayerVariable {
    return this.wrapped.weights[0] as tf.LayerVariable;
  }
}

tf.serialization.registerClass(QuantDense);
