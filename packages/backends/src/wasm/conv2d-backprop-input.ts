/**
 * `Conv2DBackpropInput` for the WASM backend, in place of its scalar loop.
 *
 * The input gradient of a convolution is a forward convolution of the output gradient with the filters turned by 180 degrees and their
 * channels exchanged: `F[ky, kx, co, ci] = W[kh - 1 - ky, kw - 1 - kx, ci, co]`, padded by `kh - 1 - top` lines and `kw - 1 - left` columns. For strides above 1 the output
 * gradient is first spread out with zeros between its pixels.
 */
import { Conv2D, Conv2DBackpropInput, getKernel, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs';
import { type ConvInfo, convInfo, type Shape4D } from './conv-info.js';
import { floatsOf, type Heap } from './heap.js';
import { turnedFilter } from './turned-filter.js';

/** `[n, h, w, c]` with `stride - 1` zeros between pixels: `[n, (h - 1) * sy + 1, (w - 1) * sx + 1, c]`. */
function spreadOut(heap: Heap, dy: TensorInfo, info: ConvInfo): TensorInfo {
  const { batchSize, outHeight, outWidth, outChannels, strideHeight, strideWidth } = info;
  const height = (outHeight - 1) * strideHeight + 1;
  const width = (outWidth - 1) * strideWidth + 1;
  const out = heap.backend.makeOutput([batchSize, height, width, outChannels], 'float32');
  const source = floatsOf(heap, dy);
  const target = floatsOf(heap, out).fill(0);
  for (let from = 0; from < source.length; from += outChannels) {
    const pixel = from / outChannels;
    const x = pixel % outWidth;
    const y = Math.floor(pixel / outWidth) % outHeight;
    const n = Math.floor(pixel / (outWidth * outHeight));
    const to = ((n * height + y * strideHeight) * width + x * strideWidth) * outChannels;
    for (let c = 0; c < outChannels; c++) target[to + c] = source[from + c] as number;
  }
  return out;
}

/** Explicit padding of the convolution that computes the input gradient; negative where the input has lines that no window starts in. */
function gradientPadding(info: ConvInfo): [[number, number], [number, number]] {
  const { inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth, padInfo } = info;
  const top = filterHeight - 1 - padInfo.top;
  const left = filterWidth - 1 - padInfo.left;
  const height = (outHeight - 1) * info.strideHeight + 1;
  const width = (outWidth - 1) * info.strideWidth + 1;
  return [
    [top, inHeight - height - top + filterHeight - 1],
    [left, inWidth - width - left + filterWidth - 1],
  ];
}

/** The kernel; `original` does the rare paddings wider than the filter, and empty gradients. */
export const conv2dBackpropInput = (heap: Heap, original: KernelConfig): KernelConfig => ({
  kernelName: Conv2DBackpropInput,
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {} }) => {
    const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
    const { backend } = heap;
    const info = convInfo(attrs['inputShape'] as Shape4D, filter.shape as Shape4D, attrs);
    const pad = gradientPadding(info);
    if (util.sizeFromShape(dy.shape) === 0 || pad.flat().some((lines) => lines < 0)) {
      return original.kernelFunc({ inputs, attrs, backend });
    }
    const isSpread = info.strideHeight > 1 || info.strideWidth > 1;
    const x = isSpread ? spreadOut(heap, dy, info) : dy;
    const turned = turnedFilter(heap, filter);
    const result = getKernel(Conv2D, 'wasm').kernelFunc({
      inputs: { x, filter: turned },
      attrs: { strides: 1, pad: [[0, 0], ...pad, [0, 0]], dilations: 1, dataFormat: 'NHWC' },
      backend,
    });
    backend.disposeData(turned.dataId);
    if (isSpread) backend.disposeData(x.dataId);
    return result;
  },
});
