/**
 * What a backend's kernels are: one for each op, prepared once when a model is loaded and then run on image after image. Kernels check nothing.
 */
import type { Conv2dNode, IntegerNode, IntegerOp, IntegerTensor } from '../model.js';
import type { LevelsInfo, ValueInfo } from '../model-info.js';

/**
 * Levels in NHWC, one byte each: two's complement where the grid is signed, plain binary where it is not.
 */
export interface LevelTensor {
  readonly levels: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Rows `[y0, y1)` and columns `[x0, x1)`. */
export interface Block {
  readonly y0: number;
  readonly y1: number;
  readonly x0: number;
  readonly x1: number;
}

/** Takes the accumulators of the pixels `x0 .. x0 + pixels - 1` of row `y`, channels innermost. They are valid during the call only. */
export type Emit = (acc: Int32Array, y: number, x0: number, pixels: number) => void;

/** Moves levels: rows `[y0, y1)` of `from` and what they become in `to`. */
export interface MoveKernel {
  rows(from: LevelTensor, to: LevelTensor, y0: number, y1: number): void;
}

/** Computes accumulators block by block; a block is at most `columns` wide. Never suspended within a block, so scratch memory may be shared. */
export interface AccumulateKernel {
  readonly columns: number;
  /** Multiply-adds for each pixel of output. */
  readonly work: number;
  block(from: readonly LevelTensor[], block: Block, emit: Emit): void;
}

/** Turns accumulators into the levels `to[at ..]`; channels innermost in both. */
export interface RequantizeKernel {
  run(acc: Int32Array, pixels: number, to: Uint8Array, at: number): void;
}

/** The kind of kernel that each op has. */
export interface KernelKinds {
  input: MoveKernel;
  conv2d: AccumulateKernel;
  requantize: RequantizeKernel;
  add: AccumulateKernel;
  pixelShuffle: MoveKernel;
  output: MoveKernel;
}

/** What a kernel is prepared from. */
export interface Preparation {
  /** What the graph proves about the inputs; levels for all ops but `requantize`. */
  readonly inputs: readonly LevelsInfo[];
  /** What it proves about the node's own value. */
  readonly info: ValueInfo;
  tensor(key: string): IntegerTensor;
}

/** A backend: how to prepare the kernel of each op. */
export type KernelTable = {
  readonly [Op in IntegerOp]: (node: Extract<IntegerNode, { op: Op }>, preparation: Preparation) => KernelKinds[Op];
};

/** Multiply-adds of a convolution for each pixel. */
export function macsPerPixel({ kernel, inChannels, outChannels }: Conv2dNode): number {
  return kernel[0] * kernel[1] * inChannels * outChannels;
}
