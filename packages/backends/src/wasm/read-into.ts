/**
 * `FqsrReadInto`: copies a float tensor's values to an array that the caller has. `dataSync` makes a new one each time, and megabytes of them at every step keep
 * the collector of garbage at work. `@fqsr/sr-models` asks for it by name, and copies what `dataSync` gives where a backend has none.
 */
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs';
import { floatsOf, type Heap } from './heap.js';

/** Input `x`; attribute `target`, a `Float32Array` as long; no outputs. */
export const readInto = (heap: Heap): KernelConfig => ({
  kernelName: 'FqsrReadInto',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs }) => {
    const { target } = attrs as unknown as { readonly target: Float32Array };
    target.set(floatsOf(heap, inputs['x'] as TensorInfo));
    return [];
  },
});
