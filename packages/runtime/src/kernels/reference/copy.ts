import type { LevelTensor, MoveKernel } from '../kernel.js';

/** Copies rows between tensors of one shape. */
export const copyRows: MoveKernel = {
  rows(from: LevelTensor, to: LevelTensor, y0: number, y1: number) {
    const row = from.width * from.channels;
    to.levels.set(from.levels.subarray(y0 * row, y1 * row), y0 * row);
  },
};
