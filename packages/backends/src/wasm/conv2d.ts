/**
 * `Conv2D` for the WASM backend, in place of XNNPACK's; the input gradient uses it too.
 *
 * Output channels are done four or eight at a time. Other numbers are rounded up by filters of zeros, whose results are written over by those of the next pixel.
 */
import { backend_util, Conv2D, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs';
import { type ConvInfo, convInfo, type Shape4D } from './conv-info.js';
import { channelWidths, directConvolutionName, MAX_TILE_PIXELS } from './direct-convolution.js';
import { addressOf, floatsAt, type Heap, withScratch } from './heap.js';
import { eachPaddedImage, paddedLineBytes } from './padded-images.js';
import { wholeMagnitude } from './whole-numbers.js';
import { paysInTiles, winogradConvolution } from './winograd.js';
import type { TileSize } from './winograd-matrices.js';

/** Most that channels times inputs times weights may be for tiles of 2 to be exact. */
const MAX_EXACT = 2 ** 22 / 64;

/** Filters whose output channels are a multiple of 4. */
interface WideFilter {
  readonly address: number;
  readonly channels: number;
}

/** The channels that are done together, as first channel and width: the last ones first, since they may write beyond their pixel. */
function stripsOf(channels: number): readonly (readonly [number, number])[] {
  const strips: (readonly [number, number])[] = [];
  for (let channel = 0; channel < channels; ) {
    const width = channelWidths.find((candidate) => candidate <= channels - channel) ?? 4;
    strips.push([channel, width]);
    channel += width;
  }
  return strips.reverse();
}

/** One output line of one image, and up to 3 values after it that are to be overwritten. */
function convolveLine(heap: Heap, image: number, filter: WideFilter, out: number, info: ConvInfo): void {
  const { filterHeight, filterWidth, inChannels, outChannels, outWidth, strideWidth } = info;
  const pixel = 4 * inChannels * strideWidth;
  for (const [channel, width] of stripsOf(filter.channels)) {
    const run = (pixels: number, from: number, tiles: number) => {
      heap.convolution(pixel)(directConvolutionName(pixels, width))(
        image + from * pixel,
        filter.address + 4 * channel,
        out + 4 * (from * outChannels + channel),
        tiles,
        filterHeight,
        filterWidth * inChannels,
        paddedLineBytes(info),
        4 * filter.channels,
        4 * outChannels,
      );
    };
    const rest = outWidth % MAX_TILE_PIXELS;
    if (outWidth > rest) run(MAX_TILE_PIXELS, 0, (outWidth - rest) / MAX_TILE_PIXELS);
    if (rest > 0) run(rest, outWidth - rest, 1);
  }
}

/** All lines in order; where channels were added to the filter, the last line goes through `spare`, a line and 3 values. */
function convolveLines(heap: Heap, x: number, filter: WideFilter, out: number, spare: number, info: ConvInfo): void {
  const { batchSize, outHeight, outWidth, outChannels, strideHeight } = info;
  const outLine = 4 * outWidth * outChannels;
  const last = filter.channels === outChannels ? -1 : batchSize * outHeight - 1;
  eachPaddedImage(heap, x, info, (image, n) => {
    for (let y = 0; y < outHeight; y++) {
      const window = image + y * strideHeight * paddedLineBytes(info);
      const line = n * outHeight + y;
      convolveLine(heap, window, filter, line === last ? spare : out + line * outLine, info);
    }
  });
  if (last >= 0) heap.module.HEAPU8.copyWithin(out + last * outLine, spare, spare + outLine);
}

function convolve(heap: Heap, x: number, filter: number, out: number, info: ConvInfo): void {
  const { filterHeight, filterWidth, inChannels, outChannels, outWidth } = info;
  const channels = 4 * Math.ceil(outChannels / 4);
  if (channels === outChannels) {
    convolveLines(heap, x, { address: filter, channels }, out, 0, info);
    return;
  }
  const taps = filterHeight * filterWidth * inChannels;
  const count = taps * channels;
  withScratch(heap, count + outWidth * outChannels + 4, (wide) => {
    const [source, target] = [floatsAt(heap, filter, taps * outChannels), floatsAt(heap, wide, count).fill(0)];
    for (let tap = 0; tap < taps; tap++) {
      target.set(source.subarray(tap * outChannels, (tap + 1) * outChannels), tap * channels);
    }
    convolveLines(heap, x, { address: wide, channels }, out, wide + 4 * count, info);
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

/** The kernel; `original` does dilations and NCHW. */
export const conv2d = (heap: Heap, original: KernelConfig): KernelConfig => ({
  kernelName: Conv2D,
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {} }) => {
    const { x, filter } = inputs as { x: TensorInfo; filter: TensorInfo };
    const isDilated = !backend_util.tupleValuesAreOne(attrs['dilations'] as number | number[]);
    if (isDilated || attrs['dataFormat'] !== 'NHWC') {
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
