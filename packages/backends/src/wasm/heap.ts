/**
 * Access to the memory in which TF.js's WASM backend keeps its tensors, and this package's own kernels that run on it.
 */
import { type TensorInfo, util } from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { activationGradientPasses } from './activation-gradients.js';
import { adamPasses } from './adam.js';
import { assemble, type WasmFunction } from './assembler.js';
import { batchNormPasses } from './batch-norm.js';
import { type ColumnFunction, columnFunction } from './column-functions.js';
import { columnSums } from './column-sum.js';
import { directConvolutions } from './direct-convolution.js';
import { dotProductFunctions } from './dot-products.js';
import { elementwiseFunctions } from './elementwise.js';
import { fakeQuantPasses } from './fake-quant-functions.js';
import { type TensorModule, tensorMemory, tensorModule, webAssembly } from './host.js';
import { maxPoolGradFunction } from './max-pool-grad.js';
import { outerProducts } from './outer-product.js';
import { pointProducts } from './point-products.js';
import { transposeMatrix } from './turned-filter.js';
import { scanWholeNumbers } from './whole-numbers.js';
import { winogradFunctions } from './winograd.js';
import { winogradGradientFunctions } from './winograd-filter-gradient.js';

/** A kernel of this package's own module; what its numbers mean is said where it is defined. */
export type HeapFunction = (...values: number[]) => void;

/** The memory of one TF.js WASM backend together with the own kernels that work in it. */
export interface Heap {
  readonly backend: BackendWasm;
  readonly module: TensorModule;
  /** The own kernel of that name. */
  readonly call: (name: string) => HeapFunction;
  /** The direct convolutions for windows that many bytes apart, by name; compiled when first asked for. */
  readonly convolution: (pixelBytes: number) => (name: string) => HeapFunction;
  /** The same for the matrix products of Winograd convolutions, for tiles that many bytes apart. */
  readonly products: (tileBytes: number) => (name: string) => HeapFunction;
}

const columnPasses: readonly ColumnFunction[] = [
  ...activationGradientPasses,
  ...adamPasses,
  ...batchNormPasses,
  ...fakeQuantPasses,
];
const functions = [
  ...outerProducts,
  ...elementwiseFunctions,
  ...columnSums,
  ...columnPasses.map(columnFunction),
  ...winogradFunctions,
  ...winogradGradientFunctions,
  transposeMatrix,
  scanWholeNumbers,
  maxPoolGradFunction,
  ...dotProductFunctions,
];

/** Compiles the own kernels against the memory of `backend`. */
export function openHeap(backend: BackendWasm): Heap {
  const memory = tensorMemory(backend);
  const shared = typeof SharedArrayBuffer !== 'undefined' && memory.buffer instanceof SharedArrayBuffer;
  const compile = (functions: readonly WasmFunction[]) => {
    const { Module, Instance } = webAssembly();
    const { exports } = new Instance(new Module(assemble(functions, shared)), { env: { memory } });
    return (name: string) => exports[name] as HeapFunction;
  };
  const perDistance = (functionsFor: (bytes: number) => readonly WasmFunction[]) => {
    const modules = new Map<number, (name: string) => HeapFunction>();
    return (bytes: number) => {
      const known = modules.get(bytes) ?? compile(functionsFor(bytes));
      modules.set(bytes, known);
      return known;
    };
  };
  return {
    backend,
    module: tensorModule(backend),
    call: compile(functions),
    convolution: perDistance(directConvolutions),
    products: perDistance((bytes) => [pointProducts(bytes)]),
  };
}

/** Byte address of a tensor's values. */
export function addressOf(heap: Heap, { dataId }: TensorInfo): number {
  return heap.backend.getMemoryOffset(dataId) >>> 0;
}

/** `count` floats at a byte address. The view is void after any allocation: the memory may have grown. */
export function floatsAt(heap: Heap, address: number, count: number): Float32Array {
  return new Float32Array(heap.module.HEAPU8.buffer, address, count);
}

/** A tensor's floats, in place. The view is void after any allocation. */
export function floatsOf(heap: Heap, tensor: TensorInfo): Float32Array {
  return floatsAt(heap, addressOf(heap, tensor), util.sizeFromShape(tensor.shape));
}

/** Runs `work` with the address of `count` floats (not cleared), which are freed afterwards. */
export function withScratch<Result>(heap: Heap, count: number, work: (address: number) => Result): Result {
  const address = heap.module._malloc(4 * count) >>> 0;
  try {
    return work(address);
  } finally {
    heap.module._free(address);
  }
}
