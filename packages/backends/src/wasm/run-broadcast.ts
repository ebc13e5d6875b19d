/**
 * Runs an elementwise function over broadcast tensors.
 */
import type { TensorInfo } from '@tensorflow/tfjs';
import { asMatrices } from './broadcast.js';
import { type ElementwiseName, elementwiseName } from './elementwise.js';
import { addressOf, type Heap } from './heap.js';

/** `out = name(...operands)`, operands broadcast to the shape of `out`, which must not be empty; bytes of one value of each side. */
export function runBroadcast(
  heap: Heap,
  name: ElementwiseName,
  tensors: readonly TensorInfo[],
  bytes: number,
  out: TensorInfo,
  outBytes: number,
): void {
  const shapes = tensors.map(({ shape }) => shape);
  const { count, rows, cols, operands, offset } = asMatrices(shapes, out.shape);
  const layouts = operands.map(({ layout }) => layout);
  const run = heap.call(elementwiseName(name, layouts));
  const to = addressOf(heap, out);
  const from = tensors.map((tensor) => addressOf(heap, tensor));
  for (let at = 0; at < count; at++) {
    const places = operands.flatMap(({ row }, k) => [(from[k] as number) + bytes * offset(k, at), bytes * row]);
    run(to + outBytes * at * rows * cols, outBytes * cols, rows, cols, ...places);
  }
}
