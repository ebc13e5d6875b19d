/**
 * `Conv2DBackpropFilter` for the WASM backend, which has none.
 *
 * `dW[ky, kx, ci, co] = sum over n, y, x of X[n, y * sy + ky - top, x * sx + kx - left, ci] * dY[n, y, x, co]`, NHWC, filters `[ky, kx, ci, co]`.
 *
 * In a zero-padded image the taps `(kx, ci)` of one `ky` are adjacent, so the gradient of that `ky` is a sum over pixels of outer products of
 * `kx * ci` by `co` values, without im2col. Images, and within them bands of rows that fit the first-level cache, follow one another in a fixed order: same inputs,
 * same bits. With fewer than 4 output channels the roles of the two operands are swapped, and the small result is transposed.
 */
import { Conv2DBackpropFilter, type KernelConfig, type TensorInfo } from '@tensorflow/tfjs';
import { type ConvInfo, convInfo, type Shape4D } from './conv-info.js';
import { addressOf, floatsAt, type Heap } from './heap.js';
import { addOuterProducts } from './outer-product-sums.js';
import { eachPaddedImage, paddedLineBytes } from './padded-images.js';
import { paysInTiles } from './winograd.js';
import { winogradFilterGradient } from './winograd-filter-gradient.js';

/** Bytes of both operands that one pass over a band of rows may touch. */
const BAND_BYTES = 32 * 1024;

/** Adds the outer products of one padded image to `out`: `[ky][kx * ci][co]`, or `[ky][co][kx * ci]` when `swapped`. */
function accumulateImage(heap: Heap, out: number, image: number, dy: number, info: ConvInfo): void {
  const { filterHeight, filterWidth, inChannels, outChannels, outHeight, outWidth, strideHeight, strideWidth } = info;
  const imageLine = paddedLineBytes(info);
  const dyLine = 4 * outChannels * outWidth;
  const band = Math.max(1, Math.floor(BAND_BYTES / (imageLine * strideHeight + dyLine)));
  const taps = filterWidth * inChannels;
  for (let y = 0; y < outHeight; y += band) {
    const lines = Math.min(band, outHeight - y);
    const gradient = { address: dy + y * dyLine, count: outChannels, pixel: 4 * outChannels, line: dyLine };
    for (let ky = 0; ky < filterHeight; ky++) {
      const patch = {
        address: image + (y * strideHeight + ky) * imageLine,
        count: taps,
        pixel: 4 * inChannels * strideWidth,
        line: imageLine * strideHeight,
      };
      const target = out + 4 * ky * taps * outChannels;
      if (isSwapped(info)) addOuterProducts(heap, target, gradient, patch, lines, outWidth);
      else addOuterProducts(heap, target, patch, gradient, lines, outWidth);
    }
  }
}

const isSwapped = ({ outChannels }: ConvInfo) => outChannels < 4;

/** `[ky][co][kx * ci]` in place of `[ky][kx * ci][co]`. */
function transposeTaps(heap: Heap, out: number, info: ConvInfo): void {
  const { filterHeight, outChannels } = info;
  const taps = info.filterWidth * info.inChannels;
  const target = floatsAt(heap, out, filterHeight * taps * outChannels);
  const source = target.slice();
  for (let ky = 0; ky < filterHeight; ky++) {
    const base = ky * taps * outChannels;
    for (let co = 0; co < outChannels; co++) {
      for (let tap = 0; tap < taps; tap++)
        target[base + tap * outChannels + co] = source[base + co * taps + tap] as number;
    }
  }
}

function filterGradient(heap: Heap, out: number, x: number, dy: number, info: ConvInfo): void {
  const { filterHeight, filterWidth, inChannels, outChannels, outHeight, outWidth } = info;
  const dyBytes = 4 * outHeight * outWidth * outChannels;
  floatsAt(heap, out, filterHeight * filterWidth * inChannels * outChannels).fill(0);
  if (dyBytes === 0) return;
  eachPaddedImage(heap, x, info, (image, n) => accumulateImage(heap, out, image, dy + n * dyBytes, info));
  if (isSwapped(info)) transposeTaps(heap, out, info);
}

/** The kernel; NHWC only, any kernel size, stride and padding, no dilation (TF.js asks for none). */
export const conv2dBackpropFilter = (heap: Heap): KernelConfig => ({
  kernelName: Conv2DBackpropFilter,
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {} }) => {
    const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
    const filterShape = attrs['filterShape'] as Shape4D;
    const info = convInfo(x.shape as Shape4D, filterShape, attrs);
    const out = heap.backend.makeOutput(filterShape, 'float32');
    if (paysInTiles(info, 4))
      winogradFilterGradient(heap, addressOf(heap, x), addressOf(heap, dy), addressOf(heap, out), info);
    else filterGradient(heap, addressOf(heap, out), addressOf(heap, x), addressOf(heap, dy), info);
    return out;
  },
});
