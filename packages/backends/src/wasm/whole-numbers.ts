/**
 * Whether tensors hold whole numbers only, as fake-quantized ones do, and how large they are.
 */
import type { TensorInfo } from '@tensorflow/tfjs';
import { util } from '@tensorflow/tfjs';
import { f32x4, i32, repeatWhile, v128, type WasmFunction } from './assembler.js';
import { addressOf, floatsAt, type Heap, withScratch } from './heap.js';

/** Values that are looked at before the search may end. */
const CHUNK_VALUES = 8192;

/** Arguments: `x`; how many vectors of four, not 0; `out`: the largest magnitudes, then four floats that are 0 while all values are whole numbers. */
export const scanWholeNumbers: WasmFunction = {
  name: 'scanWholeNumbers',
  params: { x: 'i32', vectors: 'i32', out: 'i32' },
  locals: { value: 'v128', largest: 'v128', broken: 'v128' },
  body: ({ get, set, tee }) => [
    set('largest', v128.load(get('out'), 0)),
    set('broken', v128.load(get('out'), 16)),
    repeatWhile(
      [
        set('value', v128.load(get('x'), 0)),
        set('broken', v128.or(get('broken'), f32x4.ne(get('value'), f32x4.nearest(get('value'))))),
        set('largest', f32x4.pmax(get('largest'), f32x4.abs(get('value')))),
        set('x', i32.add(get('x'), i32.const(16))),
      ],
      tee('vectors', i32.sub(get('vectors'), i32.const(1))),
    ),
    v128.store(get('out'), 0, get('largest')),
    v128.store(get('out'), 16, v128.and(get('broken'), f32x4.const(1))),
  ],
};

/** The largest magnitude in a tensor of whole numbers, their count a multiple of 4; `null` where one is not whole. */
export function wholeMagnitude(heap: Heap, tensor: TensorInfo): number | null {
  const size = util.sizeFromShape(tensor.shape);
  return withScratch(heap, 8, (out) => {
    floatsAt(heap, out, 8).fill(0);
    for (let at = 0; at < size; at += CHUNK_VALUES) {
      const count = Math.min(CHUNK_VALUES, size - at);
      heap.call(scanWholeNumbers.name)(addressOf(heap, tensor) + 4 * at, count / 4, out);
      if (floatsAt(heap, out + 16, 4).some((broken) => broken !== 0)) return null;
    }
    return Math.max(...floatsAt(heap, out, 4));
  });
}
