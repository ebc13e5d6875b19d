/** Runs a plan on an image: all at once, or in turns with the event loop. */

import { checkImage, checkSize, type Image } from './image.js';
import type { LevelTensor } from './kernels/kernel.js';
import { referenceKernels } from './kernels/reference/index.js';
import type { IntegerModel } from './model.js';
import { type FusedStep, type MoveStep, type Plan, type PlannedTensor, planModel } from './plan.js';
import { checkModel } from './validate.js';

/** Sees each stored tensor when it is complete: NHWC levels, a view that is valid during the call only. */
export type Tap = (
  name: string,
  levels: Int8Array | Uint8Array,
  height: number,
  width: number,
  channels: number,
) => void;

/** Work in a block: about 5 ms of multiply-adds. */
const BLOCK_WORK = 16e6;
/** Highest block: what a convolution computes again at its top is then little. */
const BLOCK_ROWS = 32;

/**
 * Runs a model on the reference backend, synchronously.
 *
 * @param image uint8 RGB
 * @param options.tap sees every stored tensor (`input`, `requantize` and `pixelShuffle` nodes) by the name of its node
 * @returns the image, `scale` times as wide and high
 * @throws FormatError for a model that breaks the rules of the format
 * @throws RuntimeError for an image whose fields do not fit together
 *
 * @example
 * const image = { width: 2, height: 2, channels: 3, data: new Uint8Array(12) } as const;
 * runModel(model, image, { tap: (name, levels) => console.log(name, levels[0]) }).width; // 4 for scale 2
 */
export function runModel(model: IntegerModel, image: Image, options: { readonly tap?: Tap } = {}): Image {
  const plan = planModel(checkModel(model, 'runModel'), referenceKernels);
  checkImage(image, 'runModel', [3]);
  checkSize(image, plan.largest, 'runModel');
  const run = execute(plan, image, options.tap);
  for (;;) {
    const { done, value } = run.next();
    if (done) return value;
  }
}

/**
 * Runs a plan block by block; yields the work done so far after each, of a total of `plan.work * width * height`. Several runs of one plan may be
 * interleaved.
 */
export function* execute(plan: Plan, image: Image, tap?: Tap): Generator<number, Image> {
  const { width, height } = image;
  const area = width * height;
  const result: Image = {
    width: width * plan.scale,
    height: height * plan.scale,
    channels: 3,
    data: new Uint8Array(area * plan.scale ** 2 * 3),
  };
  const arena = plan.slots.map((size) => new ArrayBuffer(size * area));
  const bind = (tensor: PlannedTensor): LevelTensor => ({
    levels: new Uint8Array(arena[tensor.slot] as ArrayBuffer, 0, tensor.channels * tensor.factor ** 2 * area),
    width: width * tensor.factor,
    height: height * tensor.factor,
    channels: tensor.channels,
  });
  const asTensor = ({ data, ...size }: Image): LevelTensor => ({ levels: data, ...size });

  let done = 0;
  for (const step of plan.steps) {
    const outputs: PlannedTensor[] = [];
    if (step.kind === 'move') {
      const from = step.from === null ? asTensor(image) : bind(step.from);
      const to = step.to === null ? asTensor(result) : bind(step.to);
      yield* runMove(step, from, to, done, area);
      if (step.to !== null) outputs.push(step.to);
    } else {
      const to = step.to.map(({ kernel, tensor }) => ({ kernel, tensor: bind(tensor) }));
      yield* runFused(step, step.from.map(bind), to, done, area);
      outputs.push(...step.to.map(({ tensor }) => tensor));
    }
    done += step.work * area;
    if (tap) for (const tensor of outputs) show(tap, tensor, bind(tensor));
  }
  return result;
}

function* runMove({ kernel, work }: MoveStep, from: LevelTensor, to: LevelTensor, before: number, area: number) {
  const rows = blockRows(Math.max(from.levels.length, to.levels.length) / from.height, from.height);
  for (let y = 0; y < from.height; y += rows) {
    const end = Math.min(y + rows, from.height);
    kernel.rows(from, to, y, end);
    yield before + Math.round((work * area * end) / from.height);
  }
}

function* runFused(
  { kernel, work }: FusedStep,
  from: readonly LevelTensor[],
  to: readonly { readonly kernel: FusedStep['to'][number]['kernel']; readonly tensor: LevelTensor }[],
  before: number,
  area: number,
) {
  const [shape] = from as readonly [LevelTensor];
  const { width, height } = shape;
  const emit = (acc: Int32Array, y: number, x0: number, pixels: number) => {
    for (const { kernel: requantize, tensor } of to) {
      requantize.run(acc, pixels, tensor.levels, (y * width + x0) * tensor.channels);
    }
  };
  const columns = Math.min(kernel.columns, width);
  const rows = Math.min(BLOCK_ROWS, blockRows(kernel.work * columns, height));
  for (let y0 = 0; y0 < height; y0 += rows) {
    const y1 = Math.min(y0 + rows, height);
    for (let x0 = 0; x0 < width; x0 += columns) {
      const x1 = Math.min(x0 + columns, width);
      kernel.block(from, { y0, y1, x0, x1 }, emit);
      yield before + Math.round((work * area * (y0 * width + (y1 - y0) * x1)) / (width * height));
    }
  }
}

/** Rows that make up a block of work. */
function blockRows(workOfRow: number, height: number): number {
  return Math.max(1, Math.min(height, Math.floor(BLOCK_WORK / workOfRow)));
}

function show(tap: Tap, { name, signed }: PlannedTensor, { levels, height, width, channels }: LevelTensor): void {
  const view = signed ? new Int8Array(levels.buffer, levels.byteOffset, levels.length) : levels;
  tap(name, view, height, width, channels);
}
