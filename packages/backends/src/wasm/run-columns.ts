/**
 * Runs a column function on tensors: the last axis, or all values alike, as the columns of a matrix.
 *
 * Columns come in eights, so the channels are repeated until their number is a multiple of 8, and what is left at the end is done in a row of its own.
 */
import { type TensorInfo, util } from '@tensorflow/tfjs';
import { COLUMN_BLOCK, type ColumnFunction } from './column-functions.js';
import { addressOf, floatsAt, type Heap, withScratch } from './heap.js';

/** Most rows that are summed in float32. */
const MAX_BLOCK_ROWS = 128;
/** Values of one matrix in a block of rows: three matrices then fit the first-level cache. */
const BLOCK_VALUES = 2048;

/** What a column function works on, by the names that it uses. */
export interface ColumnRun {
  /** All of one size; written ones are there already. */
  readonly tensors: Readonly<Record<string, TensorInfo>>;
  /** The constants of each column, all of the same number of channels, which divides the last axis of the tensors or is 1. */
  readonly columns: Readonly<Record<string, ArrayLike<number>>>;
  readonly numbers: Readonly<Record<string, number>>;
  readonly channels: number;
}

/**
 * Runs `pass`.
 *
 * @returns each sum by its name, one number for each channel, correct to `131 * 2^-24` of the sum of its absolute terms
 */
export function runColumns(
  heap: Heap,
  pass: ColumnFunction,
  { tensors, columns, numbers, channels }: ColumnRun,
): Readonly<Record<string, Float64Array>> {
  const matrices = [...pass.from, ...pass.to];
  const size = util.sizeFromShape((tensors[matrices[0] as string] as TensorInfo).shape);
  let cols = channels;
  while (cols % COLUMN_BLOCK !== 0) cols += channels;
  const [rows, rest] = [Math.floor(size / cols), size % cols];
  const result = Object.fromEntries(pass.sums.map((name) => [name, new Float64Array(channels)]));
  const row = 4 * cols;
  const floats = cols * (2 * pass.sums.length + pass.columns.length + matrices.length);
  withScratch(heap, floats, (totals) => {
    floatsAt(heap, totals, floats).fill(0);
    const constants = pass.columns.map((name, k) => {
      const place = totals + row * (2 * pass.sums.length + k);
      const [values, target] = [columns[name] as ArrayLike<number>, floatsAt(heap, place, cols)];
      for (let column = 0; column < cols; column++) target[column] = values[column % channels] as number;
      return place;
    });
    const addresses = matrices.map((name) => addressOf(heap, tensors[name] as TensorInfo));
    const block = Math.max(1, Math.min(MAX_BLOCK_ROWS, Math.floor(BLOCK_VALUES / cols)));
    const given = pass.numbers.map((name) => numbers[name] as number);
    const run = (places: readonly number[], count: number) =>
      heap.call(pass.name)(...places, ...constants, totals, count, row, block, ...given);
    if (rows > 0) run(addresses, rows);
    if (rest > 0) {
      const done = row * rows;
      const spare = matrices.map((_, k) => totals + row * (2 * pass.sums.length + constants.length + k));
      pass.from.forEach((_, k) => {
        floatsAt(heap, spare[k] as number, rest).set(floatsAt(heap, (addresses[k] as number) + done, rest));
      });
      run(spare, 1);
      pass.to.forEach((_, at) => {
        const k = pass.from.length + at;
        floatsAt(heap, (addresses[k] as number) + done, rest).set(floatsAt(heap, spare[k] as number, rest));
      });
    }
    const parts = new Float64Array(heap.module.HEAPU8.buffer, totals, cols * pass.sums.length);
    pass.sums.forEach((name, k) => {
      const sum = result[name] as Float64Array;
      for (let column = 0; column < cols; column++) {
        sum[column % channels] = (sum[column % channels] as number) + (parts[k * cols + column] as number);
      }
    });
  });
  return result;
}
