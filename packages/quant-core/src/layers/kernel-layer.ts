/** What the layers with a kernel share: their weights, the bias in steps of the sum, and the activation behind it. */
import * as tf from '@tensorflow/tfjs';
import { levelRange } from '../grids.js';
import { roundThrough } from '../index.js';
import type { QuantSpec } from '../quant-spec.js';
import { mulScale, real } from '../scaled.js';
import { type BaseArgs, type Operand, type Operands, type QuantArgs, QuantLayer } from './quant-layer.js';
import { anySpec, summedInput } from './quantization.js';

/** The roles of a layer with a kernel: the kernel itself, and the input. */
export type KernelRole = 'weights' | 'activations';

/** The base of the layers that sum products of an input with a kernel. */
export abstract class KernelLayer extends QuantLayer<KernelRole> {
  private readonly activation: tf.layers.Layer | null;

  constructor(args: QuantArgs<BaseArgs, KernelRole>, wrap: (args: BaseArgs) => tf.layers.Layer) {
    super(args, { rules: { weights: anySpec, activations: summedInput }, wrap });
    this.activation = activationOf(this.wrapped);
  }

  /** The products of two operands, summed; output channels last. */
  protected abstract sum(x: Operand, weights: Operand, training: boolean): tf.Tensor;

  protected get kernel(): tf.LayerVariable {
    return this.wrapped.weights[0] as tf.LayerVariable;
  }

  protected override tensors(inputs: readonly tf.Tensor[]) {
    return { activations: inputs, weights: [this.kernel.read()] };
  }

  /**
   * `(acc + round(b / (sx * sw))) * (sx * sw)` where both operands are integers, `acc * scale + b` otherwise; and the activation.
   */
  protected override compute({ activations, weights }: Operands<KernelRole>, training: boolean): tf.Tensor {
    const [x, w] = [activations[0] as Operand, weights[0] as Operand];
    const value = this.sum(x, w, training);
    const scale = mulScale(x.scale, w.scale);
    const y = this.withBias(value, scale, x.grid !== null && w.grid !== null);
    return this.activation ? (this.activation.apply(y) as tf.Tensor) : y;
  }

  /** `max |qx| * sum |qw| + |b| / (sx * sw)`, the largest of all output channels. */
  override largestSum(): number | null {
    if (!this.isInteger) return null;
    const { affine, ...spec } = this.quantization.specs.activations as QuantSpec;
    const { qmin, qmax } = levelRange(spec);
    const largest = tf.tidy(() => {
      // The grid of an input does not depend on its values.
      const { activations, weights } = this.onGrids(this.tensors([tf.zeros([1, 1, 1, 1])]), null);
      const [x, w] = [activations[0] as Operand, weights[0] as Operand];
      const leading = w.value.shape.slice(1).map((_, axis) => axis);
      const products = tf.mul(tf.sum(tf.abs(w.value), leading), affine ? qmax - qmin : Math.max(-qmin, qmax));
      const scale = mulScale(x.scale, w.scale);
      const bias = this.bias ?? tf.scalar(0);
      return tf.max(tf.add(products, tf.round(tf.abs(scale ? tf.div(bias, scale) : bias))));
    });
    const [bound] = largest.dataSync();
    largest.dispose();
    return bound as number;
  }

  private get bias(): tf.Tensor | null {
    return this.wrapped.weights[1]?.read() ?? null;
  }

  private withBias(acc: tf.Tensor, scale: tf.Tensor1D | null, onGrids: boolean): tf.Tensor {
    if (!this.bias) return real({ value: acc, scale });
    if (!onGrids) return tf.add(real({ value: acc, scale }), this.bias);
    const levels = roundThrough(scale ? tf.div(this.bias, scale) : this.bias);
    return real({ value: tf.add(acc, levels), scale });
  }
}

/** A name of an activation, as TensorFlow.js types it. */
type ActivationName = Parameters<typeof tf.layers.activation>[0]['activation'];

/** The activation of a wrapped layer, by its configuration; `null` where it is linear. */
function activationOf(wrapped: tf.layers.Layer): tf.layers.Layer | null {
  const activation = wrapped.getConfig()['activation'] as ActivationName | undefined;
  if (!activation || activation === 'linear') return null;
  return tf.layers.activation({ activation, name: `${wrapped.name}_activation` });
}
