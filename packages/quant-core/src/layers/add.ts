import * as tf from '@tensorflow/tfjs';
import { real } from '../scaled.js';
import { type BaseArgs, type Operand, type Operands, type QuantArgs, QuantLayer } from './quant-layer.js';
import { featureMap } from './quantization.js';

/** Arguments of {@link QuantAdd}: those of `tf.layers.add`, and `quantization`. */
export type QuantAddArgs = QuantArgs<BaseArgs, 'skips'>;

/**
 * `tf.layers.add` on integers: `y = (qa + qb + ...) * s`. All inputs are put on one shared grid, so the sum is an exact sum of integers; granularity `channel`
 * gives each channel (the last axis) a step of its own, which the sum does not mind. Inputs of one shape.
 *
 * @throws QuantError for a spec that is missing or refused, naming its path; when built for inputs of different shapes
 *
 * @example
 * new QuantAdd({ quantization: { skips: { bits: 8 } } }).apply([a, b]);
 */
export class QuantAdd extends QuantLayer<'skips'> {
  static readonly className = 'QuantAdd';

  constructor(args: QuantAddArgs) {
    super(args, { rules: { skips: featureMap }, wrap: (own) => tf.layers.add(own) });
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const [first, ...others] = inputShape as tf.Shape[];
    if (others.some((shape) => JSON.stringify(shape) !== JSON.stringify(first))) {
      this.refuse('inputs', `of one shape, got ${JSON.stringify(inputShape)}`, 'broadcast them first');
    }
    super.build(inputShape);
  }

  protected override channels(inputShape: tf.Shape[]) {
    return { skips: inputShape[0]?.at(-1) as number };
  }

  protected override tensors(inputs: readonly tf.Tensor[]) {
    return { skips: inputs };
  }

  protected override compute({ skips }: Operands<'skips'>): tf.Tensor {
    return real({ value: tf.addN(skips.map(({ value }) => value)), scale: (skips[0] as Operand).scale });
  }
}

tf.serialization.registerClass(QuantAdd);
