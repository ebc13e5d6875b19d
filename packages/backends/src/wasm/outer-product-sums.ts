/**
 * Sums of outer products over whole operands, tile by tile: the filter gradient of a convolution and products with matrices use them.
 */
import type { Heap } from './heap.js';
import { MAX_TILE_ROWS, outerProductName, tileWidths } from './outer-product.js';

/** Values of one operand: address, how many lie side by side, strides in bytes. */
export interface OuterOperand {
  readonly address: number;
  readonly count: number;
  readonly pixel: number;
  readonly line: number;
}

/** `out[spread.count, wide.count] += ` outer products of `lines` x `pixels` pixels; rows of `out` are adjacent. */
export function addOuterProducts(
  heap: Heap,
  out: number,
  spread: OuterOperand,
  wide: OuterOperand,
  lines: number,
  pixels: number,
): void {
  const outRow = 4 * wide.count;
  for (let column = 0; column < wide.count; ) {
    const width = tileWidths.find((candidate) => candidate <= wide.count - column) ?? 1;
    const fullTiles = Math.floor(spread.count / MAX_TILE_ROWS);
    const run = (rows: number, from: number, tiles: number) => {
      heap.call(outerProductName(rows, width))(
        spread.address + 4 * from,
        wide.address + 4 * column,
        out + outRow * from + 4 * column,
        tiles,
        lines,
        pixels,
        spread.pixel,
        wide.pixel,
        spread.line,
        wide.line,
        outRow,
      );
    };
    if (fullTiles > 0) run(MAX_TILE_ROWS, 0, fullTiles);
    const rest = spread.count % MAX_TILE_ROWS;
    if (rest > 0) run(rest, fullTiles * MAX_TILE_ROWS, 1);
    column += width;
  }
}
