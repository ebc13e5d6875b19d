/**
 * `Conv2D` for the WASM backend, in place of XNNPACK's where the output channels are a multiple of 4; the input gradient uses it too.
 */
import { backend_util, Conv2D, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs';
import { type ConvInfo, convInfo, type Shape4D } from './conv-info.js';
import { channelWidths, directConvolutionName, MAX_TILE_PIXELS } from './direct-convolution.js';
import { addressOf, type Heap } from './heap.js';
import { eachPaddedImage, paddedLineBytes } from './padded-images.js';
import { wholeMagnitude } from './whole-numbers.js';
import { paysInTiles, winogradConvolution } from './winograd.js';
import type { TileSize } from './winograd-matrices.js';

/** Most that channels times inputs times weights may be for tiles of 2 to be exact. */
const MAX_EXACT = 2 ** 22 / 64;

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

/**
 * Tiles of what size, or `null` for direct sums.
 *
 * Whole numbers, which fake-quantized networks hold, must give the exact sums that the integer network computes, so they go by tiles of 2 where those are exact, and
 * else directly. There `V` is at most `4 X` in magnitude and `U`, in quarters, `9/4 W`, with `X` and `W` the largest inputs and weights; adding up over `c` channels
 * and then over a tile's points gives quarters of at most `64 c X W` in magnitude, partial sums included, which float32 holds exactly up to `2^22`.
 */
function tileSizeFor(heap: Heap, x: TensorInfo, filter: TensorInfo, info: ConvInfo): TileSize | null {
  if (!paysInTiles(info, 2) && !paysInTiles(info, 4)) return null;
  const weight = wholeMagnitude(heap, filter);
  const input = weight === null ? null : wholeMagnitude(heap, x);
  if (weight !== null && input !== null) {
    return info.inChannels * input * weight <= MAX_EXACT && paysInTiles(info, 2) ? 2 : null;
  }
  return paysInTiles(info, 4) ? 4 : 2;
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
    if (util.sizeFromShape(out.shape) === 0) return out;
    const m = tileSizeFor(heap, x, filter, info);
    const addresses = [addressOf(heap, x), addressOf(heap, filter), addressOf(heap, out)] as const;
    if (m) winogradConvolution(heap, m, ...addresses, info);
    else convolve(heap, ...addresses, info);
    return out;
  },
});
