/**
 * `DepthToSpace` (channel order DCR, NHWC) by copying runs of `block * channels` values. TF.js computes every index by division, for each value.
 */
import { DepthToSpace, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs';
import type { Shape4D } from './conv-info.js';
import { elementwiseName } from './elementwise.js';
import { addressOf, type Heap } from './heap.js';

/** The kernel; `original` does NCHW and other types. */
export const depthToSpace = (heap: Heap, original: KernelConfig): KernelConfig => ({
  kernelName: DepthToSpace,
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {} }) => {
    const { x } = inputs as { x: TensorInfo };
    const block = attrs['blockSize'] as number;
    if (attrs['dataFormat'] !== 'NHWC' || x.dtype !== 'float32' || util.sizeFromShape(x.shape) === 0) {
      return original.kernelFunc({ inputs, attrs, backend: heap.backend });
    }
    const [n, h, w, depth] = x.shape as Shape4D;
    const out = heap.backend.makeOutput([n, h * block, w * block, depth / (block * block)], 'float32');
    const copy = heap.call(elementwiseName('copy', ['vector']));
    const run = depth / block;
    const [from, to] = [addressOf(heap, x), addressOf(heap, out)];
    for (let line = 0; line < n * h; line++) {
      for (let i = 0; i < block; i++) {
        copy(
          to + 4 * (line * block + i) * w * run,
          4 * run,
          w,
          run,
          from + 4 * (line * w * depth + i * run),
          4 * depth,
        );
      }
    }
    return out;
  },
});
