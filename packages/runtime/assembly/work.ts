/** A job, shared by threads: one step's rows, block by block from a common counter. */
import { add } from './add';
import { conv2d } from './conv2d';
import { pixelShuffle } from './shuffle';

/** Fields: the next block, their number, blocks in a row of blocks, kernel (0 conv2d, 1 add, 2 pixelShuffle), its node, rows from and to, rows and columns of a block. */
const NEXT: usize = 8;
const BLOCKS: usize = 12;
const ACROSS: usize = 16;
const KERNEL: usize = 20;
const NODE: usize = 24;
const Y0: usize = 28;
const Y1: usize = 32;
const BLOCK_ROWS: usize = 40;
const BLOCK_COLUMNS: usize = 44;

/** Computes up to `count` blocks of the job; whether there may be more. */
export function work(job: usize, scratch: usize, count: i32): bool {
  const blocks = load<i32>(job + BLOCKS);
  const across = load<i32>(job + ACROSS);
  const kernel = load<i32>(job + KERNEL);
  const node = <usize>load<u32>(job + NODE);
  const y0 = load<i32>(job + Y0);
  const y1 = load<i32>(job + Y1);
  for (; count > 0; count--) {
    const i = atomic.add<i32>(job + NEXT, 1);
    if (i >= blocks) return false;
    if (kernel == 2) {
      pixelShuffle(node, y0 + i);
      continue;
    }
    const y = y0 + load<i32>(job + BLOCK_ROWS) * (i / across);
    const x = load<i32>(job + BLOCK_COLUMNS) * (i % across);
    if (kernel == 0) conv2d(node, y, y1, x, scratch);
    else add(node, y, y1, x, scratch);
  }
  return true;
}
