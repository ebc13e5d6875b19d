/**
 * `BatchMatMul` (`tf.matMul`) of floats. TF.js's kernel walks a transposed operand value by value.
 *
 * - `a b^t`: products of rows with rows
 * - `a^t b`: sums of outer products of rows
 * - `a b`: `a` is transposed first, which costs little where there are many columns in `b`; then as above
 *
 * Sums have one order: same inputs, same bits.
 */
import { BatchMatMul, type KernelConfig, type TensorInfo, util } from '@tensorflow/tfjs';
import { DOT_ROWS, dotProductsName } from './dot-products.js';
import { addressOf, floatsAt, type Heap, withScratch } from './heap.js';
import { addOuterProducts } from './outer-product-sums.js';

/** Rows of the result, and terms of their sums, that are done together: their part of `b` and of the result stays in the second-level cache. */
const BLOCK = 64;

/** A product of `rows` x `terms` by `terms` x `columns` values. */
interface Product {
  readonly rows: number;
  readonly columns: number;
  readonly terms: number;
}

/** `out = a^t b` with `a` `[terms, rows]` and `b` `[terms, columns]`. */
function multiplyColumns(heap: Heap, a: number, b: number, out: number, { rows, columns, terms }: Product): void {
  floatsAt(heap, out, rows * columns).fill(0);
  for (let row = 0; row < rows; row += BLOCK) {
    for (let term = 0; term < terms; term += BLOCK) {
      const spread = {
        address: a + 4 * (term * rows + row),
        count: Math.min(BLOCK, rows - row),
        pixel: 4 * rows,
        line: 0,
      };
      const wide = { address: b + 4 * term * columns, count: columns, pixel: 4 * columns, line: 0 };
      addOuterProducts(heap, out + 4 * row * columns, spread, wide, 1, Math.min(BLOCK, terms - term));
    }
  }
}

/** `out = a b^t` with `a` `[rows, terms]` and `b` `[columns, terms]`. */
function multiplyRows(heap: Heap, a: number, b: number, out: number, { rows, columns, terms }: Product): void {
  const [row, outRow] = [4 * terms, 4 * columns];
  for (let from = 0; from < columns; from += BLOCK) {
    const end = Math.min(columns, from + BLOCK);
    const pairs = Math.floor((end - from) / DOT_ROWS.b);
    for (let at = 0; at < rows; at += DOT_ROWS.a) {
      const count = Math.min(DOT_ROWS.a, rows - at);
      const run = (width: number, column: number, tiles: number) =>
        heap.call(dotProductsName(count, width))(
          ...[a + row * at, b + row * column, out + outRow * at + 4 * column],
          ...[tiles, terms, row, outRow],
        );
      if (pairs > 0) run(DOT_ROWS.b, from, pairs);
      if ((end - from) % DOT_ROWS.b > 0) run(1, end - 1, 1);
    }
  }
}

/** Writes `[rows, columns]` as `[columns, rows]`. */
function transpose(heap: Heap, from: number, to: number, rows: number, columns: number): void {
  const source = floatsAt(heap, from, rows * columns);
  const target = floatsAt(heap, to, rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      target[column * rows + row] = source[row * columns + column] as number;
  }
}

/** The kernel; `original` does other types, both operands transposed, and batches that are not alike. */
export const matMul = (heap: Heap, original: KernelConfig): KernelConfig => ({
  kernelName: BatchMatMul,
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {} }) => {
    const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
    const { transposeA, transposeB } = attrs as { transposeA?: boolean; transposeB?: boolean };
    const [batches, otherBatches] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
    const [aHeight, aWidth] = a.shape.slice(-2) as [number, number];
    const [bHeight, bWidth] = b.shape.slice(-2) as [number, number];
    const [rows, terms] = transposeA ? [aWidth, aHeight] : [aHeight, aWidth];
    const columns = transposeB ? bHeight : bWidth;
    const batch = util.sizeFromShape(batches);
    const isPlain = a.dtype === 'float32' && b.dtype === 'float32' && util.arraysEqual(batches, otherBatches);
    if (!isPlain || batch * rows * terms * columns === 0 || (transposeA && transposeB)) {
      return original.kernelFunc({ inputs, attrs, backend: heap.backend });
    }
    const product: Product = { rows, columns, terms };
    const out = heap.backend.makeOutput([...batches, rows, columns], 'float32');
    withScratch(heap, rows * terms, (scratch) => {
      const places = [a, b, out].map((tensor) => addressOf(heap, tensor)) as [number, number, number];
      for (let n = 0; n < batch; n++) {
        const [left, right, to] = [
          places[0] + 4 * n * rows * terms,
          places[1] + 4 * n * terms * columns,
          places[2] + 4 * n * rows * columns,
        ] as const;
        if (transposeB) {
          multiplyRows(heap, left, right, to, product);
          continue;
        }
        if (!transposeA) transpose(heap, left, scratch, rows, terms);
        multiplyColumns(heap, transposeA ? left : scratch, right, to, product);
      }
    });
    return out;
  },
});
