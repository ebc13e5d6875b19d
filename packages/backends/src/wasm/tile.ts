/**
 * `Tile` where it repeats axes of size 1, which is how TF.js broadcasts one tensor to a shape. TF.js copies value by value.
 */
import { type KernelConfig, type TensorInfo, Tile, util } from '@tensorflow/tfjs';
import type { Heap } from './heap.js';
import { runBroadcast } from './run-broadcast.js';

/** The kernel; `original` does other types and repetitions. */
export const tile = (heap: Heap, original: KernelConfig): KernelConfig => ({
  kernelName: Tile,
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {} }) => {
    const { x } = inputs as { x: TensorInfo };
    const reps = attrs['reps'] as number[];
    const shape = x.shape.map((size, axis) => size * (reps[axis] ?? 1));
    const isBroadcast = x.dtype === 'float32' && x.shape.every((size, axis) => size === 1 || reps[axis] === 1);
    if (!isBroadcast || util.sizeFromShape(shape) === 0) {
      return original.kernelFunc({ inputs, attrs, backend: heap.backend });
    }
    const out = heap.backend.makeOutput(shape, 'float32');
    runBroadcast(heap, 'copy', [x], 4, out, 4);
    return out;
  },
});
