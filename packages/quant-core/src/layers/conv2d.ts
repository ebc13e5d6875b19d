import * as tf from '@tensorflow/tfjs';
import type { QuantSpec } from '../quant-spec.js';
import type { Grid } from '../quantizers/types.js';
import { activationOf, addBias } from './affine.js';
import { type BaseArgs, type Operand, type Operands, type QuantArgs, QuantLayer } from './quant-layer.js';
import { anySpec, summedInput } from './quantization.js';
import { bordersFirst, dilate, stridesAndDilates, type Window, windowOf, withBorder } from './spatial.js';

type ConvArgs = Parameters<typeof tf.layers.conv2d>[0];

/** Arguments of {@link QuantConv2D}: those of `tf.layers.conv2d`, and `quantization`. */
export type QuantConv2DArgs = QuantArgs<ConvArgs, 'weights' | 'activations'>;

/**
 * `tf.layers.conv2d` on integers: `y = activation((conv(qx, qw) + round(b / (sx * sw))) * (sx * sw))`, with `qx`, `qw` the levels of input and kernel. The
 * sums are exact below `2^24`; the product with the scale is rounded to float32 once.
 *
 * Input `[batch, height, width, channels]`, any reals; kernel `[height, width, in, out]`, whose steps may differ by output channel. Weights: kernel, bias,
 * the quantizers' parameters (`activations_*`, `weights_*`), the number of training calls. With padding `same` the border is zeros that are quantized with
 * the input. Gradients are the estimators'.
 *
 * Its first training calls are a warm-up in float (see `WarmUpArgs`); inference is float until that is over, and `warmUp` and `auditModel` say so.
 *
 * @throws QuantError for a spec that is missing or refused, naming its path; for `dataFormat` `channelsFirst`, initial `weights`, an activity regularizer,
 *   and strides with dilation
 *
 * @example
 * const model = tf.sequential();
 * const quantization = { weights: { bits: 4, granularity: 'channel' }, activations: { bits: 4, signed: false } } as const;
 * model.add(new QuantConv2D({ filters: 8, kernelSize: 3, inputShape: [16, 16, 1], quantization }));
 */
export class QuantConv2D extends QuantLayer<'weights' | 'activations'> {
  static readonly className = 'QuantConv2D';
  private readonly window: Window;
  private readonly activation: tf.layers.Layer | null;

  constructor(args: QuantConv2DArgs) {
    super(args, {
      rules: { weights: anySpec, activations: summedInput },
      wrap: (own: BaseArgs) => tf.layers.conv2d(own as ConvArgs),
    });
    const config = this.wrapped.getConfig();
    this.window = windowOf(config);
    this.activation = activationOf(this.wrapped);
    if (config['dataFormat'] === 'channelsFirst') this.refuse('dataFormat', 'channelsLast', 'transpose the input');
    if (stridesAndDilates(this.window)) this.refuse('strides', '1 with a dilationRate', 'drop one');
  }

  protected override channels(inputShape: tf.Shape) {
    return { activations: inputShape.at(-1) as number, weights: this.kernel.shape.at(-1) as number };
  }

  protected override tensors(inputs: readonly tf.Tensor[]) {
    return { activations: inputs, weights: [this.kernel.read()] };
  }

  protected override beforeQuantizing(role: 'weights' | 'activations', x: tf.Tensor, grid: Grid): tf.Tensor {
    const spec = this.quantization.specs[role] as QuantSpec;
    const borders = role === 'activations' && this.window.padding === 'same' && bordersFirst(spec, grid);
    return borders ? withBorder(x as tf.Tensor4D, this.window) : x;
  }

  protected override compute(
    { activations, weights }: Operands<'weights' | 'activations'>,
    training: boolean,
  ): tf.Tensor {
    const [x, w] = [activations[0] as Operand, weights[0] as Operand];
    const { strides, dilationRate, padding } = this.window;
    const spec = this.quantization.specs.activations;
    const hasBorder = x.grid !== null && spec !== null && bordersFirst(spec, x.grid);
    // TensorFlow.js has no gradient of dilated convolutions.
    const kernel = training ? dilate(w.value as tf.Tensor4D, dilationRate) : (w.value as tf.Tensor4D);
    const acc = tf.conv2d(
      x.value as tf.Tensor4D,
      kernel,
      [...strides],
      hasBorder ? 'valid' : padding,
      'NHWC',
      training ? 1 : [...dilationRate],
    );
    const y = addBias(acc, x, w, this.wrapped.weights[1]?.read() ?? null);
    return this.activation ? (this.activation.apply(y) as tf.Tensor) : y;
  }

  private get kernel(): tf.LayerVariable {
    return this.wrapped.weights[0] as tf.LayerVariable;
  }
}

tf.serialization.registerClass(QuantConv2D);
