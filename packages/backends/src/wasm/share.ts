/**
 * `Identity`, and `Cast` to the same type, without a copy. TF.js clones every tensor that a gradient needs later, and its WASM kernels copy all values for
 * that. A tensor's values never change once they are made, so both may share them, as they do after a `reshape`; they are freed with the last of them.
 */
import { Cast, Identity, type KernelConfig, type TensorInfo } from '@tensorflow/tfjs';
import type { Heap } from './heap.js';

/** A kernel that shares `x` where the result has its type; `original` does other types and strings. */
const sharing =
  (kernelName: string) =>
  ({ backend }: Heap, original: KernelConfig): KernelConfig => ({
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs = {} }) => {
      const { x } = inputs as { x: TensorInfo };
      const { dataId, shape, dtype } = x;
      if (dtype === 'string' || (attrs['dtype'] ?? dtype) !== dtype) {
        return original.kernelFunc({ inputs, attrs, backend });
      }
      backend.incRef(dataId);
      return { dataId, shape, dtype };
    },
  });

/** The kernels of this file by TF.js's name. */
export const sharingKernels = { [Cast]: sharing(Cast), [Identity]: sharing(Identity) };
