/**
 * Batch normalization over the last axis, `y = (x - mean) * scale / sqrt(variance + epsilon) + offset`, and its gradient, in one pass each. TF.js computes value by
 * value forward, and in sixteen passes backward.
 */
import { FusedBatchNorm, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs';
import { f32x4 } from './assembler.js';
import type { ColumnFunction } from './column-functions.js';
import { floatsOf, type Heap } from './heap.js';
import { runColumns } from './run-columns.js';

const forwardPass: ColumnFunction = {
  name: 'batchNorm',
  ...{ from: ['x'], to: ['y'], columns: ['mean', 'factor', 'offset'], numbers: [], sums: [], scratch: [] },
  body: ({ load, store, constant }) => {
    const centred = f32x4.sub(load('x'), constant('mean'));
    return [store('y', f32x4.add(f32x4.mul(centred, constant('factor')), constant('offset')))];
  },
};

const gradientPass: ColumnFunction = {
  name: 'batchNormGrad',
  ...{ from: ['x', 'dy'], to: ['dx'], columns: ['mean', 'factor'], numbers: [] },
  ...{ sums: ['plain', 'centred'], scratch: ['dy value'] },
  body: ({ get, set, load, store, constant, addTo }) => [
    set('dy value', load('dy')),
    store('dx', f32x4.mul(get('dy value'), constant('factor'))),
    addTo('plain', get('dy value')),
    addTo('centred', f32x4.mul(get('dy value'), f32x4.sub(load('x'), constant('mean')))),
  ],
};

/** The passes of this file. */
export const batchNormPasses = [forwardPass, gradientPass] as const;

interface Inputs {
  readonly x: TensorInfo;
  readonly mean: TensorInfo;
  readonly variance: TensorInfo;
  readonly scale?: TensorInfo;
  readonly offset?: TensorInfo;
}

/** `scale / sqrt(variance + epsilon)` for each channel. */
function factors(heap: Heap, { variance, scale }: Inputs, epsilon: number): Float64Array {
  const scales = scale ? floatsOf(heap, scale) : null;
  return Float64Array.from(floatsOf(heap, variance), (value, at) => (scales?.[at] ?? 1) / Math.sqrt(value + epsilon));
}

/** The kernel; `original` does statistics that are not one for each channel. */
export const batchNorm = (heap: Heap, original: KernelConfig): KernelConfig => ({
  kernelName: FusedBatchNorm,
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {} }) => {
    const given = inputs as Inputs & typeof inputs;
    const { x, mean, variance, scale, offset } = given;
    const channels = x.shape.at(-1) ?? 1;
    const vectors = [mean, variance, scale, offset].filter((vector) => vector !== undefined && vector !== null);
    if (x.dtype !== 'float32' || vectors.some(({ shape }) => util.sizeFromShape(shape) !== channels)) {
      return original.kernelFunc({ inputs, attrs, backend: heap.backend });
    }
    const y = heap.backend.makeOutput(x.shape, 'float32');
    const columns = {
      mean: floatsOf(heap, mean).slice(),
      factor: factors(heap, given, attrs['varianceEpsilon'] as number),
      offset: offset ? floatsOf(heap, offset).slice() : new Float32Array(channels),
    };
    runColumns(heap, forwardPass, { tensors: { x, y }, columns, numbers: {}, channels });
    return y;
  },
});

/**
 * `FqsrBatchNormGrad`: inputs `x`, `dy`, `mean`, `variance` and maybe `scale`, one value for each channel; attribute `varianceEpsilon`; outputs `dx`, with the statistics
 * held fixed, and `sums`, `[2, channels]`: `sum(dy)` and `sum(dy * (x - mean))`.
 */
export const batchNormGrad = (heap: Heap): KernelConfig => ({
  kernelName: 'FqsrBatchNormGrad',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {} }) => {
    const given = inputs as Inputs & { readonly dy: TensorInfo } & typeof inputs;
    const { x, dy, mean } = given;
    const channels = util.sizeFromShape(mean.shape);
    const dx = heap.backend.makeOutput(x.shape, 'float32');
    const sums = heap.backend.makeOutput([2, channels], 'float32');
    const columns = {
      mean: floatsOf(heap, mean).slice(),
      factor: factors(heap, given, attrs['varianceEpsilon'] as number),
    };
    const totals = runColumns(heap, gradientPass, { tensors: { x, dy, dx }, columns, numbers: {}, channels });
    gradientPass.sums.forEach((name, row) => {
      floatsOf(heap, sums).set(totals[name] as Float64Array, row * channels);
    });
    return [dx, sums];
  },
});
