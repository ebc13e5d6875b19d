/**
 * `Conv2D` for the WASM backend, in place of XNNPACK's where the output channels are a multiple of 4; the input gradient uses it too.
 */
import { backend_util, Conv2D, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs';
import { type ConvInfo, convInfo, type Shape4D } from './conv-info.js';
import { channelWidths, directConvolutionName, MAX_TILE_PIXELS } from './direct-convolution.js';
import { addressOf, type Heap } from './heap.js';
import { eachPaddedImage, paddedLineBytes } from './padded-images.js';

/** One output line of one image. */
function convolveLine(heap: Heap, image: number, filter: number, out: number, info: ConvInfo): void {
  const { filterHeight, filterWidth, inChannels, outChannels, outWidth, strideWidth } = info;
  const pixel = 4 * inChannels * strideWidth;
  const fullTiles = Math.floor(outWidth / MAX_TILE_PIXELS);
  const rest = outWidth % MAX_TILE_PIXELS;
  for (let channel = 0; channel < outChannels; ) {
    const width = channelWidths.find((candidate) => candidate <= outChannels - channel) ?? 4;
    const run = (pixels: number, from: number, tiles: number) => {
      heap.convolution(pixel)(directConvolutionName(pixels, width))(
        image + from * pixel,
        filter + 4 * channel,
        out + 4 * (from * outChannels + channel),
        tiles,
        filterHeight,
        filterWidth * inChannels,
        paddedLineBytes(info),
        4 * outChannels,
        4 * outChannels,
      );
    };
    if (fullTiles > 0) run(MAX_TILE_PIXELS, 0, fullTiles);
    if (rest > 0) run(rest, fullTiles * MAX_TILE_PIXELS, 1);
    channel += width;
  }
}

function convolve(heap: Heap, x: number, filter: number, out: number, info: ConvInfo): void {
  const { outHeight, outWidth, outChannels, strideHeight } = info;
  const outLine = 4 * outWidth * outChannels;
  eachPaddedImage(heap, x, info, (image, n) => {
    for (let y = 0; y < outHeight; y++) {
      const window = image + y * strideHeight * paddedLineBytes(info);
      convolveLine(heap, window, filter, out + (n * outHeight + y) * outLine, info);
    }
  });
}

/** The kernel; `original` does dilations, NCHW and other channel counts. */
export const conv2d = (heap: Heap, original: KernelConfig): KernelConfig => ({
  kernelName: Conv2D,
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {} }) => {
    const { x, filter } = inputs as { x: TensorInfo; filter: TensorInfo };
    const outChannels = filter.shape[3] as number;
    const isDilated = !backend_util.tupleValuesAreOne(attrs['dilations'] as number | number[]);
    if (isDilated || attrs['dataFormat'] !== 'NHWC' || outChannels % 4 !== 0) {
      return original.kernelFunc({ inputs, attrs, backend: heap.backend });
    }
    const info = convInfo(x.shape as Shape4D, filter.shape as Shape4D, attrs);
    const out = heap.backend.makeOutput(info.outShape, 'float32');
    if (util.sizeFromShape(out.shape) > 0)
      convolve(heap, addressOf(heap, x), addressOf(heap, filter), addressOf(heap, out), info);
    return out;
  },
});
