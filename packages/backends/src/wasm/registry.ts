/**
 * Every kernel that this package adds to the WASM backend or replaces in it.
 */
import { getKernel, type KernelConfig, registerKernel, unregisterKernel } from '@tensorflow/tfjs';
import { BackendError } from '../error.js';
import { leakyReluGrad, preluGrad, reluGrad } from './activation-gradients.js';
import { adam } from './adam.js';
import { batchNorm, batchNormGrad } from './batch-norm.js';
import { binaryKernels } from './binary.js';
import { conv2d } from './conv2d.js';
import { conv2dBackpropFilter } from './conv2d-backprop-filter.js';
import { conv2dBackpropInput } from './conv2d-backprop-input.js';
import { depthToSpace } from './depth-to-space.js';
import { fakeQuant, fakeQuantGrad } from './fake-quant.js';
import type { Heap } from './heap.js';
import { matMul } from './mat-mul.js';
import { maxPoolGrad } from './max-pool-grad.js';
import { readInto } from './read-into.js';
import { mean, sum } from './reduce.js';
import { sharingKernels } from './share.js';
import { slice, splitV } from './slice.js';
import { tile } from './tile.js';
import { unaryKernels } from './unary.js';

/** Makes a kernel; `original` is TF.js's own, for what the new one leaves out. */
type KernelFactory = (heap: Heap, original: KernelConfig) => KernelConfig;

const kernels = {
  BatchMatMul: matMul,
  Conv2D: conv2d,
  Conv2DBackpropFilter: conv2dBackpropFilter,
  Conv2DBackpropInput: conv2dBackpropInput,
  DepthToSpace: depthToSpace,
  FqsrAdam: adam,
  FqsrBatchNormGrad: batchNormGrad,
  FqsrFakeQuant: fakeQuant,
  FqsrFakeQuantGrad: fakeQuantGrad,
  FqsrLeakyReluGrad: leakyReluGrad,
  FqsrPreluGrad: preluGrad,
  FqsrReadInto: readInto,
  FqsrReluGrad: reluGrad,
  FusedBatchNorm: batchNorm,
  MaxPoolGrad: maxPoolGrad,
  Mean: mean,
  Slice: slice,
  SplitV: splitV,
  Sum: sum,
  Tile: tile,
  ...sharingKernels,
  ...binaryKernels,
  ...unaryKernels,
} satisfies Record<string, KernelFactory>;

/** Stands for a kernel that TF.js does not have. */
const noKernel = (kernelName: string): KernelConfig => ({
  kernelName,
  backendName: 'wasm',
  kernelFunc: () => {
    throw new BackendError(
      kernelName,
      "the operation must be one that TF.js's WASM backend has, got none",
      'install @tensorflow/tfjs-backend-wasm 4.22',
    );
  },
});

/** TF.js's own kernels behind those of this package: a backend that is made anew must not take the last one's for TF.js's. */
const originals = new WeakMap<KernelConfig, KernelConfig>();

/** Registers all kernels, bound to one initialised backend; to be called once for each. */
export function registerKernels(heap: Heap): void {
  for (const [name, factory] of Object.entries(kernels)) {
    const present = getKernel(name, 'wasm') as KernelConfig | undefined;
    const original = present && (originals.get(present) ?? present);
    if (present) unregisterKernel(name, 'wasm');
    // TF.js's own kernel is still called for what is left out, so a new backend must set it up as before.
    const kernel = original ? { ...original, ...factory(heap, original) } : factory(heap, noKernel(name));
    if (original) originals.set(kernel, original);
    registerKernel(kernel);
  }
}
