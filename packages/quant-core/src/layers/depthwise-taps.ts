import * as tf from '@tensorflow/tfjs';
import { type Window, withBorder } from './spatial.js';

/** Whether the backend has TensorFlow.js's own gradients of depthwise convolutions. */
export function hasDepthwiseGradient(): boolean {
  const kernels = ['DepthwiseConv2dNativeBackpropFilter', 'DepthwiseConv2dNativeBackpropInput'];
  return kernels.every((name) => Boolean(tf.getKernel(name, tf.getBackend())));
}

/**
 * A depthwise convolution as the sum of its taps: `y = sum_ij x[i::s, j::s] * k[i, j]`, of operations that have gradients on every backend. Sums of integers
 * are exact, in whatever order.
 *
 * @param x `[batch, height, width, in]`
 * @param kernel `[height, width, in, multiplier]`
 * @returns `[batch, height', width', in * multiplier]`, the shape of `tf.depthwiseConv2d`; no dilation
 */
export function depthwiseByTaps(x: tf.Tensor4D, kernel: tf.Tensor4D, window: Window): tf.Tensor4D {
  const [kernelHeight, kernelWidth, inputs, multiplier] = kernel.shape;
  const padded = window.padding === 'same' ? withBorder(x, window) : x;
  const [batch, height, width] = padded.shape;
  const [down, across] = window.strides;
  const outHeight = Math.floor((height - kernelHeight) / down) + 1;
  const outWidth = Math.floor((width - kernelWidth) / across) + 1;
  // Room for whole strides behind every tap.
  const roomy = tf.pad(padded, [
    [0, 0],
    [0, down - 1],
    [0, across - 1],
    [0, 0],
  ]) as tf.Tensor4D;
  let sum: tf.Tensor | null = null;
  for (let i = 0; i < kernelHeight; i++) {
    for (let j = 0; j < kernelWidth; j++) {
      const from = tf.slice(roomy, [0, i, j, 0], [batch, outHeight * down, outWidth * across, inputs]);
      const rows = tf.slice(tf.reshape(from, [batch * outHeight, down, outWidth * across, inputs]), 0, [-1, 1, -1, -1]);
      const cells = tf.slice(tf.reshape(rows, [batch * outHeight * outWidth, across, inputs]), 0, [-1, 1, -1]);
      const tap = tf.reshape(tf.slice(kernel, [i, j, 0, 0], [1, 1, inputs, multiplier]), [1, inputs, multiplier]);
      const product = tf.mul(tf.reshape(cells, [-1, inputs, 1]), tap);
      sum = sum ? tf.add(sum, product) : product;
    }
  }
  return tf.reshape(sum as tf.Tensor, [batch, outHeight, outWidth, inputs * multiplier]);
}
