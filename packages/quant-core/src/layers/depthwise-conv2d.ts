import * as tf from '@tensorflow/tfjs';
import type { QuantSpec } from '../quant-spec.js';
import type { Grid } from '../quantizers/types.js';
import { depthwiseByTaps, hasDepthwiseGradient } from './depthwise-taps.js';
import { KernelLayer, type KernelRole } from './kernel-layer.js';
import type { Operand, QuantArgs } from './quant-layer.js';
import { bordersFirst, type Window, windowOf, withBorder } from './spatial.js';

type DepthwiseArgs = Parameters<typeof tf.layers.depthwiseConv2d>[0];

/** Arguments of {@link QuantDepthwiseConv2D}: those of `tf.layers.depthwiseConv2d`, and `quantization`. */
export type QuantDepthwiseConv2DArgs = QuantArgs<DepthwiseArgs, KernelRole>;

/**
 * `tf.layers.depthwiseConv2d` on integers; see {@link QuantConv2D}. Kernel `[height, width, in, multiplier]`; granularity `channel` is a step for each of the
 * `in * multiplier` output channels.
 *
 * Where the backend lacks TensorFlow.js's gradient of this convolution, as WASM does, training computes it tap by tap from plain operations.
 *
 * @throws QuantError as {@link QuantConv2D}; and for a `dilationRate`, which TensorFlow.js's layer ignores
 *
 * @example
 * const quantization = { weights: { bits: 8, granularity: 'channel' }, activations: { bits: 8 } } as const;
 * new QuantDepthwiseConv2D({ kernelSize: 3, padding: 'same', quantization });
 */
export class QuantDepthwiseConv2D extends KernelLayer {
  static readonly className = 'QuantDepthwiseConv2D';
  private readonly window: Window;
  private readonly constraint: tf.serialization.ConfigDictValue;

  constructor(args: QuantDepthwiseConv2DArgs) {
    super(args, (own) => tf.layers.depthwiseConv2d(own as DepthwiseArgs));
    const config = this.wrapped.getConfig();
    this.window = windowOf(config);
    this.constraint = serialized(args.depthwiseConstraint, this.name);
    if (config['dataFormat'] === 'channelsFirst') this.refuse('dataFormat', 'channelsLast', 'transpose the input');
    if (this.window.dilationRate.some((rate) => rate > 1)) {
      this.refuse('dilationRate', '1', 'TensorFlow.js does not dilate depthwise layers');
    }
  }

  override getConfig(): tf.serialization.ConfigDict {
    // TensorFlow.js writes the regularizer in the constraint's place.
    return { ...super.getConfig(), depthwiseConstraint: this.constraint };
  }

  protected override channels(inputShape: tf.Shape) {
    const [, , inputs, multiplier] = this.kernel.shape as [number, number, number, number];
    return { activations: inputShape.at(-1) as number, weights: inputs * multiplier };
  }

  /** The kernel as `[height, width, in * multiplier]`: output channels last. */
  protected override tensors(inputs: readonly tf.Tensor[]) {
    const [height, width, channels, multiplier] = this.kernel.shape as [number, number, number, number];
    return { activations: inputs, weights: [tf.reshape(this.kernel.read(), [height, width, channels * multiplier])] };
  }

  protected override beforeQuantizing(role: KernelRole, x: tf.Tensor, grid: Grid): tf.Tensor {
    if (role === 'weights' || this.window.padding === 'valid') return x;
    return bordersFirst(this.featureSpec, grid) ? withBorder(x as tf.Tensor4D, this.window) : x;
  }

  protected override sum(x: Operand, weights: Operand, training: boolean): tf.Tensor {
    const image = x.value as tf.Tensor4D;
    const kernel = tf.reshape(weights.value, this.kernel.shape as [number, number, number, number]) as tf.Tensor4D;
    const hasBorder = x.grid !== null && bordersFirst(this.featureSpec, x.grid);
    const window: Window = hasBorder ? { ...this.window, padding: 'valid' } : this.window;
    if (training && !hasDepthwiseGradient()) return depthwiseByTaps(image, kernel, window);
    return tf.depthwiseConv2d(image, kernel, [...window.strides], window.padding);
  }

  private get featureSpec(): QuantSpec {
    return this.quantization.specs.activations as QuantSpec;
  }
}

/** A constraint as data, which only a layer of TensorFlow.js can write. */
function serialized(constraint: DepthwiseArgs['depthwiseConstraint'], name: string): tf.serialization.ConfigDictValue {
  if (!constraint) return null;
  return tf.layers.dense({ units: 1, kernelConstraint: constraint, name }).getConfig()['kernelConstraint'] ?? null;
}

tf.serialization.registerClass(QuantDepthwiseConv2D);
