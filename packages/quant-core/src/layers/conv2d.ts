import * as tf from '@tensorflow/tfjs';
import type { QuantSpec } from '../quant-spec.js';
import type { Grid } from '../quantizers/types.js';
import { KernelLayer, type KernelRole } from './kernel-layer.js';
import type { Operand, QuantArgs } from './quant-layer.js';
import { bordersFirst, dilate, stridesAndDilates, type Window, windowOf, withBorder } from './spatial.js';

type ConvArgs = Parameters<typeof tf.layers.conv2d>[0];

/** Arguments of {@link QuantConv2D}: those of `tf.layers.conv2d`, and `quantization`. */
export type QuantConv2DArgs = QuantArgs<ConvArgs, KernelRole>;

/**
 * `tf.layers.conv2d` on integers: `y = activation((conv(qx, qw) + round(b / (sx * sw))) * (sx * sw))`, with `qx`, `qw` the levels of input and kernel. The
 * sums are exact below `2^24`; the product with the scale is rounded to float32 once.
 *
 * Input `[batch, height, width, channels]`, any reals; kernel `[height, width, in, out]`, whose steps may differ by output channel. Weights: kernel, bias,
 * the quantizers' parameters (`activations_*`, `weights_*`), the number of training calls. With padding `same` the border is zeros that are quantized with
 * the input. Gradients are the estimators'; with a `dilationRate` they need `training: true`, as `fit` passes it.
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
export class QuantConv2D extends KernelLayer {
  static readonly className = 'QuantConv2D';
  private readonly window: Window;

  constructor(args: QuantConv2DArgs) {
    super(args, (own) => tf.layers.conv2d(own as ConvArgs));
    const config = this.wrapped.getConfig();
    this.window = windowOf(config);
    if (config['dataFormat'] === 'channelsFirst') this.refuse('dataFormat', 'channelsLast', 'transpose the input');
    if (stridesAndDilates(this.window)) this.refuse('strides', '1 with a dilationRate', 'drop one');
  }

  protected override channels(inputShape: tf.Shape) {
    return { activations: inputShape.at(-1) as number, weights: this.kernel.shape.at(-1) as number };
  }

  protected override beforeQuantizing(role: KernelRole, x: tf.Tensor, grid: Grid): tf.Tensor {
    if (role === 'weights' || this.window.padding === 'valid') return x;
    return bordersFirst(this.featureSpec, grid) ? withBorder(x as tf.Tensor4D, this.window) : x;
  }

  protected override sum(x: Operand, weights: Operand, training: boolean): tf.Tensor {
    const { strides, dilationRate, padding } = this.window;
    const hasBorder = x.grid !== null && bordersFirst(this.featureSpec, x.grid);
    const [image, kernel] = [x.value as tf.Tensor4D, weights.value as tf.Tensor4D];
    const pad = hasBorder ? 'valid' : padding;
    // TensorFlow.js has no gradient of dilated convolutions.
    if (training) return tf.conv2d(image, dilate(kernel, dilationRate), [...strides], pad);
    return tf.conv2d(image, kernel, [...strides], pad, 'NHWC', [...dilationRate]);
  }

  private get featureSpec(): QuantSpec {
    return this.quantization.specs.activations as QuantSpec;
  }
}

tf.serialization.registerClass(QuantConv2D);
