/** `conv2d`: accumulators of a block, by exact Winograd or directly, and the levels that its tails make of them. */
import { ACC_PIXEL, ACC_ROW, COLUMNS, ROWS, SLICE, padded, width } from './layout';
import { tile4x8 } from './gemm';
import { requantize, TAIL } from './requantize';
import { stage } from './stage';
import { GAP, inputTiles, M_POSITION, outputTiles, products, vPosition } from './winograd';
import { COLUMNS3, inputTiles3, M_POSITION3, NARROW, outputTiles3, ROWS3 } from './winograd3';
import { COLUMNS6, inputTiles6, M_POSITION6, outputTiles6, ROWS6 } from './winograd6';

/** Bytes of the small temporary. */
const TEMP: usize = 4096;

/** A convolution's fields: source, weights, biases, eight int32 zeros, kernel height and width, groups of 8 outputs, algorithm (0 direct, 1 F(4x4), 2 F(3x3), 3 F(6x6)), outputs, tails, their number. */
const SOURCE: usize = 0;
const WEIGHTS: usize = 4;
const BIASES: usize = 8;
const ZEROS: usize = 12;
const KERNEL_HEIGHT: usize = 16;
const KERNEL_WIDTH: usize = 20;
const GROUPS: usize = 24;
const ALGORITHM: usize = 28;
const OUTPUTS: usize = 32;
const TAILS: usize = 36;
const TAIL_COUNT: usize = 40;

@inline function field(node: usize, at: usize): i32 { return load<i32>(node + at); }
@inline function address(node: usize, at: usize): usize { return <usize>load<u32>(node + at); }

/** The block at row `y`, column `x`, down to row `end`; `scratch` is the thread's own memory: accumulators, a small temporary, staged values, and for Winograd V and M. */
export function conv2d(node: usize, y: i32, end: i32, x: i32, scratch: usize): void {
  const source = address(node, SOURCE);
  const acc = scratch;
  const temp = acc + ROWS6 * ACC_ROW;
  const staged = temp + TEMP;
  const algorithm = field(node, ALGORITHM);
  const right = width(source) - x;
  if (algorithm == 2) winograd3(node, source, y, min(ROWS3, end - y), x, min(COLUMNS3, right), acc, temp, staged);
  else if (algorithm == 3) winograd6(node, source, y, min(ROWS6, end - y), x, min(COLUMNS6, right), acc, temp, staged);
  else if (algorithm) winograd(node, source, y, min(ROWS, end - y), x, min(COLUMNS, right), acc, temp, staged);
  else direct(node, source, y, min(ROWS, end - y), x, min(COLUMNS, right), acc, staged);
}

function finish(node: usize, acc: usize, y: i32, rows: i32, x: i32, columns: i32, group: i32, groups: i32): void {
  const count = min(8 * groups, field(node, OUTPUTS) - 8 * group);
  let tail = address(node, TAILS);
  for (let i = 0; i < field(node, TAIL_COUNT); i++, tail += TAIL) {
    requantize(tail, acc, y, rows, x, columns, 8 * group, count);
  }
}

function winograd(
  node: usize, source: usize, y: i32, rows: i32, x: i32, columns: i32, acc: usize, temp: usize, staged: usize,
): void {
  const channels = padded(source);
  const all = field(node, GROUPS);
  const tiles = (columns + 3) >> 2;
  const quads = (tiles + 3) >> 2;
  const v = staged + <usize>(6 * (COLUMNS + 2) * 2 * channels);
  const m = v + 36 * vPosition(channels);
  const group = <usize>(channels * 16);
  stage(source, y - 1, 6, x - 1, 16 * quads + 2, staged);
  inputTiles(staged, channels, quads, v, temp);
  for (let g = 0; g < all; g += SLICE / 8) {
    const groups = min(SLICE / 8, all - g);
    const weights = address(node, WEIGHTS) + <usize>g * group;
    products(
      36, v, <usize>(2 * channels), vPosition(channels), quads, 1, 0, channels >> 1,
      weights, group * <usize>all, groups, m, M_POSITION, address(node, ZEROS),
    );
    outputTiles(m, tiles, groups, address(node, BIASES) + <usize>(32 * g), acc, temp);
    finish(node, acc, y, rows, x, columns, g, groups);
  }
}

function winograd6(
  node: usize, source: usize, y: i32, rows: i32, x: i32, columns: i32, acc: usize, temp: usize, staged: usize,
): void {
  const channels = padded(source);
  const all = field(node, GROUPS);
  const tiles = (columns + 5) / 6;
  const quads = (tiles + 3) >> 2;
  const pixel = <usize>(2 * channels);
  const position = 8 * pixel + GAP;
  const v = staged + <usize>(8 * (6 * 8 + 2)) * pixel;
  const m = v + 64 * position;
  const group = <usize>(channels * 16);
  stage(source, y - 1, 8, x - 1, 24 * quads + 2, staged);
  inputTiles6(staged, channels, quads, v, position, temp);
  for (let g = 0; g < all; g += SLICE / 8) {
    const groups = min(SLICE / 8, all - g);
    products(
      64, v, pixel, position, quads, 1, 0, channels >> 1,
      address(node, WEIGHTS) + <usize>g * group, group * <usize>all, groups, m, M_POSITION6, address(node, ZEROS),
    );
    outputTiles6(m, tiles, groups, address(node, BIASES) + <usize>(32 * g), acc, temp);
    finish(node, acc, y, rows, x, columns, g, groups);
  }
}

function winograd3(
  node: usize, source: usize, y: i32, rows: i32, x: i32, columns: i32, acc: usize, temp: usize, staged: usize,
): void {
  const channels = padded(source);
  const all = field(node, GROUPS);
  const kh = field(node, KERNEL_HEIGHT);
  const kw = field(node, KERNEL_WIDTH);
  // 3x3 parts of the kernel.
  const ph = (kh + 2) / 3;
  const pw = (kw + 2) / 3;
  const tiles = (columns + 2) / 3;
  // Few outputs: a row of products is of two tiles, the second one's weights a part further.
  const twice = field(node, OUTPUTS) <= NARROW ? 1 : 0;
  const quads = (tiles + (4 << twice) - 1) >> (2 + twice);
  const down = (rows + 2) / 3 + ph - 1;
  const across = (4 * quads << twice) + pw - 1;
  const pixel = <usize>(2 * channels);
  const tileRow = pixel * <usize>across;
  const position = tileRow * <usize>down + GAP;
  const v = staged + <usize>((3 * down + 2) * (3 * across + 2)) * pixel;
  const m = v + 25 * position;
  const run = (pw + twice) * channels;
  const group = <usize>(ph * run * 16);
  stage(source, y - (kh >> 1), 3 * down + 2, x - (kw >> 1), 3 * across + 2, staged);
  inputTiles3(staged, channels, down, across, v, position, temp);
  for (let r = 0; r < rows; r += 3) {
    for (let g = 0; g < all; g += SLICE / 8) {
      const groups = min(SLICE / 8, all - g);
      products(
        25, v + <usize>(r / 3) * tileRow, pixel << twice, position, quads, ph, tileRow, run >> 1,
        address(node, WEIGHTS) + <usize>g * group, group * <usize>all, groups, m, M_POSITION3, address(node, ZEROS),
      );
      outputTiles3(m, tiles, twice, twice ? 1 : 2 * groups, address(node, BIASES) + <usize>(32 * g), acc, temp);
      finish(node, acc, y + r, min(3, rows - r), x, columns, g, groups);
    }
  }
}

function direct(
  node: usize, source: usize, y: i32, rows: i32, x: i32, columns: i32, acc: usize, staged: usize,
): void {
  const kh = field(node, KERNEL_HEIGHT);
  const kw = field(node, KERNEL_WIDTH);
  const pixel = <usize>(2 * padded(source));
  const wide = COLUMNS + kw - 1;
  const row = pixel * <usize>wide;
  const pairs = (kw * padded(source)) >> 1;
  const all = field(node, GROUPS);
  const group = <usize>(kh * pairs * 32);
  stage(source, y - (kh >> 1), rows + kh - 1, x - (kw >> 1), wide, staged);
  for (let g = 0; g < all; g += SLICE / 8) {
    const groups = min(SLICE / 8, all - g);
    for (let o = 0; o < groups; o++) {
      const weights = address(node, WEIGHTS) + <usize>(g + o) * group;
      const bias = address(node, BIASES) + <usize>(32 * (g + o));
      for (let r = 0; r < rows; r++) {
        const from = staged + <usize>r * row;
        const to = acc + <usize>(r * ACC_ROW + 32 * o);
        for (let c = 0; c < columns; c += 4) {
          tile4x8(from + <usize>c * pixel, pixel, kh, row, pairs, weights, bias, to + <usize>(c * ACC_PIXEL), ACC_PIXEL);
        }
      }
    }
    finish(node, acc, y, rows, x, columns, g, groups);
  }
}
