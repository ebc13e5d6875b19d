import * as tf from '@tensorflow/tfjs';
import type { QuantSpec } from '../quant-spec.js';
import type { Grid } from '../quantizers/types.js';
import { activationOf, addBias } from './affine.js';
import { depthwiseByTaps, hasDepthwiseGradient } from './depthwise-taps.js';
import { type BaseArgs, type Operand, type Operands, type QuantArgs, QuantLayer } from './quant-layer.js';
import { anySpec, summedInput } from './quantization.js';
import { bordersFirst, type Window, windowOf, withBorder } from './spatial.js';

type DepthwiseArgs = Parameters<typeof tf.layers.depthwiseConv2d>[0];

/** Arguments of {@link QuantDepthwiseConv2D}: those of `tf.layers.depthwiseConv2d`, and `quantization`. */
export type QuantDepthwiseConv2DArgs = QuantArgs<DepthwiseArgs, 'weights' | 'activations'>;

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
export class QuantDepthwiseConv2D extends QuantLayer<'weights' | 'activations'> {
  static readonly className = 'QuantDepthwiseConv2D';
  private readonly window: Window;
  private readonly activation: tf.layers.Layer | null;
  private readonly constraint: tf.serialization.ConfigDictValue;

  constructor(args: QuantDepthwiseConv2DArgs) {
    super(args, {
      rules: { weights: anySpec, activations: summedInput },
      wrap: (own: BaseArgs) => tf.layers.depthwiseConv2d(own as DepthwiseArgs),
    });
    const config = this.wrapped.getConfig();
    this.window = windowOf(config);
    this.activation = activationOf(this.wrapped);
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
    const image = x.value as tf.Tensor4D;
    const kernel = tf.reshape(w.value, this.kernel.shape as [number, number, number, number]) as tf.Tensor4D;
    const spec = this.quantization.specs.activations;
    const hasBorder = x.grid !== null && spec !== null && bordersFirst(spec, x.grid);
    const { strides, padding } = this.window;
    const window: Window = { ...this.window, padding: hasBorder ? 'valid' : padding };
    const acc =
      training && !hasDepthwiseGradient()
        ? depthwiseByTaps(image, kernel, window)
        : tf.depthwiseConv2d(image, kernel, [...strides], window.padding);
    const y = addBias(acc, x, w, this.wrapped.weights[1]?.read() ?? null);
    return this.activation ? (this.activation.apply(y) as tf.Tensor) : y;
  }

  private get kernel(): tf.LayerVariable {
    return this.wrapped.weights[0] as tf.LayerVariable;
  }
}

/** A constraint as data, which only a layer of TensorFlow.js can write. */
function serialized(constraint: DepthwiseArgs['depthwiseConstraint'], name: string): tf.serialization.ConfigDictValue {
  if (!constraint) return null;
  return tf.layers.dense({ units: 1, kernelConstraint: constraint, name }).getConfig()['kernelConstraint'] ?? null;
}

tf.serialization.registerClass(QuantDepthwiseConv2D);
