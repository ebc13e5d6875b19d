import * as tf from '@tensorflow/tfjs';
import { real } from '../scaled.js';
import { type BaseArgs, type Operand, type Operands, type QuantArgs, QuantLayer } from './quant-layer.js';
import { featureMap } from './quantization.js';

/** Arguments of {@link Quantize}: those of every layer, and `quantization`. */
export type QuantizeArgs = QuantArgs<BaseArgs, 'activations'>;

/**
 * Puts a tensor on a grid and leaves everything else as it is: `y = q(x) * s`. For the output of a network, or in front of a layer that is not one of these.
 *
 * @throws QuantError for a spec that is missing or refused, naming its path
 *
 * @example
 * new Quantize({ quantization: { activations: { bits: 8, signed: false, quantizer: 'fixed' } } }); // an 8-bit image
 */
export class Quantize extends QuantLayer<'activations'> {
  static readonly className = 'Quantize';

  constructor(args: QuantizeArgs) {
    super(args, {
      rules: { activations: featureMap },
      wrap: ({ name }: BaseArgs) => tf.layers.activation({ activation: 'linear', ...(name ? { name } : {}) }),
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { activation: _, ...config } = super.getConfig();
    return config;
  }

  protected override channels(inputShape: tf.Shape) {
    return { activations: inputShape.at(-1) as number };
  }

  protected override tensors(inputs: readonly tf.Tensor[]) {
    return { activations: inputs };
  }

  protected override compute({ activations }: Operands<'activations'>): tf.Tensor {
    return real(activations[0] as Operand);
  }
}

tf.serialization.registerClass(Quantize);
