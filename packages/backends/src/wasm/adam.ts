/**
 * `FqsrAdam`: the moments of Adam and the direction that it steps in, in one pass over memory. `@fqsr/sr-models` asks for it by name, and composes the same bits from
 * a dozen passes where a backend has none.
 *
 * `m' = m * decay1 + g * rest1`, `v' = v * decay2 + (g * g) * rest2`, `direction = (m' * rate) / (sqrt(v' * correction) + epsilon)`, every operation rounded to float32.
 */
import type { KernelConfig, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs';
import { f32x4 } from './assembler.js';
import type { ColumnFunction } from './column-functions.js';
import type { Heap } from './heap.js';
import { runColumns } from './run-columns.js';

const numbers = ['decay1', 'rest1', 'decay2', 'rest2', 'rate', 'correction', 'epsilon'] as const;

const adamStep: ColumnFunction = {
  ...{ name: 'adam', from: ['m', 'v', 'gradient'], to: ['newM', 'newV', 'direction'], columns: [], sums: [] },
  numbers,
  scratch: ['g', 'first', 'second'],
  body: ({ get, set, load, store }) => {
    const moved = (moment: string, decay: string, value: ReturnType<typeof get>, rest: string) =>
      f32x4.add(f32x4.mul(load(moment), get(decay)), f32x4.mul(value, get(rest)));
    const root = f32x4.sqrt(f32x4.mul(get('second'), get('correction')));
    return [
      set('g', load('gradient')),
      set('first', moved('m', 'decay1', get('g'), 'rest1')),
      set('second', moved('v', 'decay2', f32x4.mul(get('g'), get('g')), 'rest2')),
      store('newM', get('first')),
      store('newV', get('second')),
      store('direction', f32x4.div(f32x4.mul(get('first'), get('rate')), f32x4.add(root, get('epsilon')))),
    ];
  },
};

/** The pass of this file. */
export const adamPasses = [adamStep] as const;

/** Inputs `m`, `v`, `gradient` of one shape; attributes as the formula names them; outputs the new moments and the direction. */
export const adam = (heap: Heap): KernelConfig => ({
  kernelName: 'FqsrAdam',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {} }) => {
    const given = inputs as Readonly<Record<'m' | 'v' | 'gradient', TensorInfo>> & typeof inputs;
    const constants: Readonly<Record<(typeof numbers)[number], number>> = attrs as typeof constants & NamedAttrMap;
    const { m, v, gradient } = given;
    const make = () => heap.backend.makeOutput(gradient.shape, 'float32');
    const [newM, newV, direction] = [make(), make(), make()];
    const tensors = { m, v, gradient, newM, newV, direction };
    runColumns(heap, adamStep, { tensors, columns: {}, numbers: constants, channels: 1 });
    return [newM, newV, direction];
  },
});
