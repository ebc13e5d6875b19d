/**
 * Images one after the other with their zero borders, as the convolution kernels read them.
 */
import type { ConvInfo } from './conv-info.js';
import { floatsAt, type Heap, withScratch } from './heap.js';

/** Copies one image into the middle of a buffer whose borders are zero. */
function copyIntoPadded(heap: Heap, from: number, padded: number, info: ConvInfo): void {
  const { inHeight, inWidth, inChannels, padInfo } = info;
  const line = inWidth * inChannels;
  const paddedLine = (inWidth + padInfo.left + padInfo.right) * inChannels;
  const source = floatsAt(heap, from, inHeight * line);
  const target = floatsAt(heap, padded, (inHeight + padInfo.top + padInfo.bottom) * paddedLine);
  for (let y = 0; y < inHeight; y++) {
    target.set(source.subarray(y * line, (y + 1) * line), (y + padInfo.top) * paddedLine + padInfo.left * inChannels);
  }
}

/** Bytes of a line of a padded image. */
export const paddedLineBytes = ({ inWidth, inChannels, padInfo }: ConvInfo) =>
  4 * inChannels * (inWidth + padInfo.left + padInfo.right);

/**
 * Gives `work` a function from the number of an image of the batch at `x` to the address of that image with its borders; without padding that is the image
 * itself. Only the last one asked for is there. All addresses are in bytes and `x` must not move meanwhile.
 */
export function withPaddedImages(heap: Heap, x: number, info: ConvInfo, work: (image: (n: number) => number) => void) {
  const { inHeight, inWidth, inChannels, padInfo } = info;
  const { top, bottom, left, right } = padInfo;
  const imageBytes = 4 * inHeight * inWidth * inChannels;
  if (top + bottom + left + right === 0) {
    work((n) => x + n * imageBytes);
    return;
  }
  const paddedCount = ((inHeight + top + bottom) * paddedLineBytes(info)) / 4;
  withScratch(heap, paddedCount, (padded) => {
    floatsAt(heap, padded, paddedCount).fill(0);
    work((n) => {
      copyIntoPadded(heap, x + n * imageBytes, padded, info);
      return padded;
    });
  });
}

/** Calls `visit` with the address of each padded image of the batch at `x`, in turn. */
export function eachPaddedImage(heap: Heap, x: number, info: ConvInfo, visit: (image: number, n: number) => void) {
  withPaddedImages(heap, x, info, (image) => {
    for (let n = 0; n < info.batchSize; n++) visit(image(n), n);
  });
}
