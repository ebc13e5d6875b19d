/**
 * `Sqrt` and `LeakyRelu`, four values at a time; bit for bit what TF.js computes one by one.
 */
import { type KernelConfig, LeakyRelu, Sqrt, type TensorInfo, util } from '@tensorflow/tfjs';
import { type ElementwiseName, elementwiseName } from './elementwise.js';
import { addressOf, type Heap } from './heap.js';

/** A kernel of one float tensor; `numbers` are the function's arguments after the operand. */
const unaryKernel =
  (kernelName: string, name: ElementwiseName, numbers: (attrs: NonNullable<unknown>) => number[]) =>
  (heap: Heap, original: KernelConfig): KernelConfig => ({
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs = {} }) => {
      const { x } = inputs as { x: TensorInfo };
      const size = util.sizeFromShape(x.shape);
      if (x.dtype !== 'float32' || size === 0) return original.kernelFunc({ inputs, attrs, backend: heap.backend });
      const out = heap.backend.makeOutput(x.shape, 'float32');
      const run = heap.call(elementwiseName(name, ['vector']));
      run(addressOf(heap, out), 0, 1, size, addressOf(heap, x), 0, ...numbers(attrs));
      return out;
    },
  });

/** The kernels of this file by TF.js's name. */
export const unaryKernels = {
  [Sqrt]: unaryKernel(Sqrt, 'sqrt', () => []),
  [LeakyRelu]: unaryKernel(LeakyRelu, 'leakyRelu', (attrs) => [Reflect.get(attrs, 'alpha') as number]),
};
