/**
 * Gradients of rectifiers in one pass: `dx = dy` where `x > 0`, else `slope * dy`, and for a learned slope the sums `d slope = sum(dy * x)` where `x <= 0`. The slope at
 * 0 is the negative side's, as in TF.js.
 */
import { type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs';
import { f32x4, v128 } from './assembler.js';
import type { ColumnAccess, ColumnFunction } from './column-functions.js';
import { floatsOf, type Heap } from './heap.js';
import { runColumns } from './run-columns.js';

const isPositive = ({ get }: ColumnAccess) => f32x4.gt(get('x value'), v128.zero());

const reluGradPass: ColumnFunction = {
  ...{ name: 'reluGrad', from: ['x', 'dy'], to: ['dx'], columns: [], numbers: ['one'], sums: [], scratch: ['x value'] },
  body: (access) => [
    access.set('x value', access.load('x')),
    // A product, as in TF.js, so that zeros have the same sign.
    access.store('dx', f32x4.mul(access.load('dy'), v128.and(isPositive(access), access.get('one')))),
  ],
};

const slopedGradPass: ColumnFunction = {
  name: 'slopedGrad',
  ...{ from: ['x', 'dy'], to: ['dx'], columns: ['slope'], numbers: [], sums: ['bySlope'] },
  scratch: ['x value', 'dy value', 'positive'],
  body: (access) => {
    const { get, set, load, store, constant, addTo } = access;
    return [
      set('x value', load('x')),
      set('dy value', load('dy')),
      set('positive', isPositive(access)),
      store('dx', v128.select(get('dy value'), f32x4.mul(get('dy value'), constant('slope')), get('positive'))),
      addTo('bySlope', v128.andNot(f32x4.mul(get('dy value'), get('x value')), get('positive'))),
    ];
  },
};

/** The passes of this file. */
export const activationGradientPasses = [reluGradPass, slopedGradPass] as const;

type Inputs = Readonly<Record<'x' | 'dy', TensorInfo>>;

/** `FqsrReluGrad`: inputs `x`, `dy`; output `dx`. */
export const reluGrad = (heap: Heap): KernelConfig => ({
  kernelName: 'FqsrReluGrad',
  backendName: 'wasm',
  kernelFunc: ({ inputs }) => {
    const { x, dy } = inputs as Inputs & typeof inputs;
    const dx = heap.backend.makeOutput(x.shape, 'float32');
    runColumns(heap, reluGradPass, { tensors: { x, dy, dx }, columns: {}, numbers: { one: 1 }, channels: 1 });
    return dx;
  },
});

/** `FqsrLeakyReluGrad`: inputs `x`, `dy`; attribute `alpha`; output `dx`. */
export const leakyReluGrad = (heap: Heap): KernelConfig => ({
  kernelName: 'FqsrLeakyReluGrad',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {} }) => {
    const { x, dy } = inputs as Inputs & typeof inputs;
    const dx = heap.backend.makeOutput(x.shape, 'float32');
    const slope = [attrs['alpha'] as number];
    runColumns(heap, slopedGradPass, { tensors: { x, dy, dx }, columns: { slope }, numbers: {}, channels: 1 });
    return dx;
  },
});

/** `FqsrPreluGrad`: inputs `x`, `dy`, `alpha` of 1 value or one for each channel; outputs `dx` and `dalpha`. */
export const preluGrad = (heap: Heap): KernelConfig => ({
  kernelName: 'FqsrPreluGrad',
  backendName: 'wasm',
  kernelFunc: ({ inputs }) => {
    const { x, dy, alpha } = inputs as Inputs & { readonly alpha: TensorInfo } & typeof inputs;
    const dx = heap.backend.makeOutput(x.shape, 'float32');
    const dalpha = heap.backend.makeOutput(alpha.shape, 'float32');
    const { bySlope } = runColumns(heap, slopedGradPass, {
      tensors: { x, dy, dx },
      columns: { slope: floatsOf(heap, alpha).slice() },
      numbers: {},
      channels: util.sizeFromShape(alpha.shape),
    });
    floatsOf(heap, dalpha).set(bySlope as Float64Array);
    return [dx, dalpha];
  },
});
