/** What two-dimensional convolutions share: the window, its border, and its dilation. NHWC. */
import * as tf from '@tensorflow/tfjs';
import type { QuantSpec } from '../quant-spec.js';
import type { Grid } from '../quantizers/types.js';

/** How a kernel moves over an image. */
export interface Window {
  /** Height and width of the kernel. */
  readonly kernelSize: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilationRate: readonly [number, number];
  readonly padding: 'valid' | 'same';
}

/** The window of a wrapped layer, by its configuration. */
export function windowOf(config: tf.serialization.ConfigDict): Window {
  const pair = (value: unknown): [number, number] =>
    Array.isArray(value) ? [Number(value[0]), Number(value[1] ?? value[0])] : [Number(value ?? 1), Number(value ?? 1)];
  return {
    kernelSize: pair(config['kernelSize']),
    strides: pair(config['strides']),
    dilationRate: pair(config['dilationRate']),
    padding: config['padding'] === 'same' ? 'same' : 'valid',
  };
}

/** Whether a border of zeros must be there before a tensor is quantized: where the grid does not map 0 to 0. */
export function bordersFirst(spec: QuantSpec, grid: Grid): boolean {
  return spec.grid === 'midrise' || grid.prepare !== undefined;
}

/** `x` with the border of zeros that padding `same` stands for. */
export function withBorder(x: tf.Tensor4D, { kernelSize, strides, dilationRate }: Window): tf.Tensor4D {
  const pads = [0, 1].map((axis): [number, number] => {
    const size = x.shape[axis + 1] as number;
    const [kernel, stride, dilation] = [kernelSize[axis], strides[axis], dilationRate[axis]] as [
      number,
      number,
      number,
    ];
    const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + (kernel - 1) * dilation + 1 - size);
    return [total >> 1, total - (total >> 1)];
  });
  if (pads.flat().every((pad) => pad === 0)) return x;
  return tf.pad(x, [[0, 0], ...pads, [0, 0]]) as tf.Tensor4D;
}

/**
 * A kernel with zeros between its taps: the dilated convolution as a plain one, since TensorFlow.js has no gradient of the former.
 *
 * @param kernel `[height, width, in, out]`
 * @returns `[(height - 1) * d + 1, (width - 1) * d + 1, in, out]`
 */
export function dilate(kernel: tf.Tensor4D, [down, across]: readonly [number, number]): tf.Tensor4D {
  if (down === 1 && across === 1) return kernel;
  const [height, width, inputs, outputs] = kernel.shape;
  const rows = tf.pad(tf.reshape(kernel, [height, 1, width * inputs * outputs]), [
    [0, 0],
    [0, down - 1],
    [0, 0],
  ]);
  const wide = tf.pad(tf.reshape(rows, [height * down * width, 1, inputs * outputs]), [
    [0, 0],
    [0, across - 1],
    [0, 0],
  ]);
  const full = tf.reshape(wide, [height * down, width * across, inputs, outputs]) as tf.Tensor4D;
  return tf.slice(full, 0, [(height - 1) * down + 1, (width - 1) * across + 1, inputs, outputs]);
}

/** What TensorFlow.js cannot do: stride and dilate at once. */
export function stridesAndDilates({ strides, dilationRate }: Window): boolean {
  return strides.some((stride) => stride > 1) && dilationRate.some((rate) => rate > 1);
}
