/**
 * Shapes and paddings of a convolution, as TF.js computes them, for the kernels of its two gradients.
 */
import { backend_util, type Conv2DBackpropFilterAttrs, type NamedAttrMap } from '@tensorflow/tfjs';
import { BackendError } from '../error.js';

/** Shapes, strides and paddings of one convolution. */
export type ConvInfo = backend_util.Conv2DInfo;
/** `[n, h, w, c]` or `[kh, kw, ci, co]`. */
export type Shape4D = [number, number, number, number];

type ConvAttrs = Pick<Conv2DBackpropFilterAttrs, 'strides' | 'pad' | 'dataFormat' | 'dimRoundingMode'>;

/**
 * The convolution whose gradient is asked for.
 *
 * @throws BackendError for NCHW, which the WASM backend's convolution does not know either
 */
export function convInfo(inputShape: Shape4D, filterShape: Shape4D, attrs: NamedAttrMap): ConvInfo {
  const { strides, pad, dataFormat, dimRoundingMode } = attrs as ConvAttrs;
  if (dataFormat !== 'NHWC') {
    throw new BackendError('conv2d gradient', `dataFormat must be NHWC, got ${dataFormat}`, 'transpose to NHWC');
  }
  return backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, dimRoundingMode);
}
