/**
 * The layout of commands in memory: 32-bit fields, by byte offset. `commands.ts` of the runtime writes the same.
 *
 * A block is 4 rows by 64 columns of output pixels, 6 by 48 or 12 by 48 for some convolutions. Accumulators of at most 6 rows stand as `[row][column][64 channels]`, int32; levels in NHWC, one byte each.
 */

/** Rows of a block. */
export const ROWS: i32 = 4;
/** Columns of a block. */
export const COLUMNS: i32 = 64;
/** Channels of a slice of accumulators. */
export const SLICE: i32 = 64;
/** Bytes from one pixel's accumulators to the next one's. */
export const ACC_PIXEL: i32 = 4 * SLICE;
/** Bytes from one row of accumulators to the next. */
export const ACC_ROW: i32 = ACC_PIXEL * COLUMNS;

/**
 * A source of levels: address, height, width, channels, padded channels, flip (128 where signed), spacing, address of int16 offsets, border value, the rows
 * of its ring (row `y` stands at `y % ring`), and whether its nearest pixel stands outside instead of the border value.
 */
@inline export function levels(source: usize): usize { return <usize>load<u32>(source, 0); }
@inline export function height(source: usize): i32 { return load<i32>(source, 4); }
@inline export function width(source: usize): i32 { return load<i32>(source, 8); }
@inline export function channels(source: usize): i32 { return load<i32>(source, 12); }
@inline export function padded(source: usize): i32 { return load<i32>(source, 16); }
@inline export function flip(source: usize): i32 { return load<i32>(source, 20); }
@inline export function spacing(source: usize): i32 { return load<i32>(source, 24); }
@inline export function offsets(source: usize): usize { return <usize>load<u32>(source, 28); }
@inline export function border(source: usize): i32 { return load<i32>(source, 32); }
@inline export function ring(source: usize): i32 { return load<i32>(source, 36); }
@inline export function isEdge(source: usize): bool { return load<i32>(source, 40) != 0; }
