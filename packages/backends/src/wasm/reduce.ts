/**
 * Sums over leading axes, or over all: what bias gradients and losses need. TF.js transposes first, and sums one value after the other.
 *
 * Rows are summed in chunks of 64, each chunk in order, then the chunks: same inputs, same bits, and a smaller rounding error than one long sum.
 */
import { type KernelConfig, Mean, Sum, type TensorInfo, util } from '@tensorflow/tfjs';
import { columnSumName, columnWidths } from './column-sum.js';
import { addressOf, floatsAt, floatsOf, type Heap } from './heap.js';

/** Rows that are summed before they join the total. */
const CHUNK_ROWS = 64;
/** Columns of the matrix that a sum over everything is folded into. */
const FOLD = 16;

/** `out[c] = sum over rows of x[row, c]`; addresses in bytes. */
function sumRows(heap: Heap, x: number, out: number, rows: number, cols: number): void {
  floatsAt(heap, out, cols).fill(0);
  for (let row = 0; row < rows; row += CHUNK_ROWS) {
    const count = Math.min(CHUNK_ROWS, rows - row);
    for (let column = 0; column < cols; ) {
      const width = columnWidths.find((candidate) => candidate <= cols - column) ?? 1;
      heap.call(columnSumName(width))(x + 4 * (row * cols + column), out + 4 * column, count, 4 * cols);
      column += width;
    }
  }
}

/** The sum of all values: 16 interleaved sums, then these and the rest in double precision. */
function sumAll(heap: Heap, x: number, size: number): number {
  const rows = Math.floor(size / FOLD);
  let total = 0;
  if (rows > 0) {
    const scratch = heap.module._malloc(4 * FOLD) >>> 0;
    sumRows(heap, x, scratch, rows, FOLD);
    for (const value of floatsAt(heap, scratch, FOLD)) total += value;
    heap.module._free(scratch);
  }
  for (const value of floatsAt(heap, x + 4 * FOLD * rows, size - FOLD * rows)) total += value;
  return total;
}

/** Whether these are the first axes, in any order. */
const areLeading = (axes: readonly number[]) => [...axes].sort((a, b) => a - b).every((axis, at) => axis === at);

/**
 * `Sum` or `Mean` where float axes are reduced from the first on; `original` does the rest.
 *
 * @param divisor what a sum of that many values is divided by
 */
const reduction =
  (kernelName: string, divisor: (count: number) => number) =>
  (heap: Heap, original: KernelConfig): KernelConfig => ({
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs = {} }) => {
      const { x } = inputs as { x: TensorInfo };
      const axes = util.parseAxisParam(attrs['axis'] as number | number[], x.shape);
      const size = util.sizeFromShape(x.shape);
      if (x.dtype !== 'float32' || size === 0 || axes.length === 0 || !areLeading(axes)) {
        return original.kernelFunc({ inputs, attrs, backend: heap.backend });
      }
      const kept = x.shape.slice(axes.length);
      const shape = attrs['keepDims'] ? [...axes.map(() => 1), ...kept] : kept;
      const out = heap.backend.makeOutput(shape, 'float32');
      const cols = util.sizeFromShape(kept);
      const count = size / cols;
      if (cols === 1) {
        // In two steps: the sum may move the memory, and a view taken before it would be void.
        const total = sumAll(heap, addressOf(heap, x), size);
        floatsOf(heap, out)[0] = total / divisor(count);
      } else {
        sumRows(heap, addressOf(heap, x), addressOf(heap, out), count, cols);
        const values = floatsOf(heap, out);
        if (divisor(count) !== 1) for (let c = 0; c < cols; c++) values[c] = (values[c] as number) / divisor(count);
      }
      return out;
    },
  });

export const sum = reduction(Sum, () => 1);
export const mean = reduction(Mean, (count) => count);
