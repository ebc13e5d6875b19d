/**
 * Float64 loops for a convolution and its two gradients.
 */
import * as tf from '@tensorflow/tfjs';

/** A convolution to test: NHWC, square kernels. */
export interface ConvCase {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: 'same' | 'valid';
}

/** Values and, for each, the sum of the absolute values of its terms, which rounding errors scale with. */
export interface Reference {
  readonly values: Float64Array;
  readonly scales: Float64Array;
}

/** `conv2d(x, filter)` and its two gradients for the output gradient `dy`. */
export function convReference(test: ConvCase, x: Float32Array, filter: Float32Array, dy: Float32Array) {
  const { batch, height, width, inChannels, outChannels, kernel, stride, pad } = test;
  const info = tf.backend_util.computeConv2DInfo(
    [batch, height, width, inChannels],
    [kernel, kernel, inChannels, outChannels],
    stride,
    1,
    pad,
  );
  const make = (size: number): Reference => ({ values: new Float64Array(size), scales: new Float64Array(size) });
  const add = ({ values, scales }: Reference, at: number, term: number) => {
    values[at] = values[at]! + term;
    scales[at] = scales[at]! + Math.abs(term);
  };
  const forInput = make(x.length);
  const forFilter = make(filter.length);
  const forOutput = make(dy.length);
  const visit = (dyPixel: number, xPixel: number, tap: number) => {
    for (let co = 0; co < outChannels; co++) {
      const gradient = dy[dyPixel * outChannels + co]!;
      for (let ci = 0; ci < inChannels; ci++) {
        const weight = (tap * inChannels + ci) * outChannels + co;
        add(forFilter, weight, x[xPixel * inChannels + ci]! * gradient);
        add(forOutput, dyPixel * outChannels + co, x[xPixel * inChannels + ci]! * filter[weight]!);
        add(forInput, xPixel * inChannels + ci, filter[weight]! * gradient);
      }
    }
  };
  for (let pixel = 0; pixel < batch * info.outHeight * info.outWidth; pixel++) {
    const ox = pixel % info.outWidth;
    const oy = Math.floor(pixel / info.outWidth) % info.outHeight;
    const n = Math.floor(pixel / (info.outWidth * info.outHeight));
    for (let tap = 0; tap < kernel * kernel; tap++) {
      const iy = oy * stride + Math.floor(tap / kernel) - info.padInfo.top;
      const ix = ox * stride + (tap % kernel) - info.padInfo.left;
      if (iy < 0 || ix < 0 || iy >= height || ix >= width) continue;
      visit(pixel, (n * height + iy) * width + ix, tap);
    }
  }
  return { forOutput, forInput, forFilter };
}
