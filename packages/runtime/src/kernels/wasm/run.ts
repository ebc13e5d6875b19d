/** Runs a compiled model on an image, block by block. */
import type { Image } from '../../image.js';
import { bytesPerPixel, type Layout, type PlannedTensor } from '../../layout.js';
import type { Tap } from '../../run.js';
import type { Machine } from './machine.js';
import type { Program, WasmStep } from './program.js';

/** Rows and columns of a block. */
const ROWS = 4;
const COLUMNS = 64;

/**
 * Runs a program; yields the work done so far after each block, of a total of `program.work * width * height`. One run at a time: the memory is the machine's.
 */
export function* executeProgram(
  program: Program,
  layout: Layout,
  machine: Machine,
  image: Image,
  tap?: Tap,
): Generator<number, Image> {
  const { width, height } = image;
  const area = width * height;
  const slots: number[] = [];
  const scratch = machine.end();
  // Kernels read up to 64 bytes past what they use.
  let top = scratch + program.scratch + 64;
  for (const size of layout.slots) {
    slots.push(top);
    top = Math.ceil((top + size * area) / 64) * 64 + 64;
  }
  machine.reserve(top);
  const addressOf = ({ slot }: PlannedTensor): number => slots[slot] as number;
  const view = (tensor: PlannedTensor) =>
    machine.bytes().subarray(addressOf(tensor), addressOf(tensor) + bytesPerPixel(tensor) * area);
  const show = (tensor: PlannedTensor): void => {
    const levels = view(tensor);
    const signed = tensor.signed ? new Int8Array(levels.buffer, levels.byteOffset, levels.length) : levels;
    tap?.(tensor.name, signed, height * tensor.factor, width * tensor.factor, tensor.channels);
  };
  view(program.input).set(image.data);
  if (tap) show(program.input);
  let done = 0;
  for (const step of program.steps) {
    step.bind({ width, height, addressOf });
    yield* runStep(step, machine, width, height, scratch, done);
    done += step.work * area;
    if (tap) for (const tensor of step.to) show(tensor);
  }
  const { scale } = layout;
  return { width: width * scale, height: height * scale, channels: 3, data: view(program.output).slice() };
}

function* runStep(
  { kernel, node, factor, work }: WasmStep,
  { kernels }: Machine,
  width: number,
  height: number,
  scratch: number,
  before: number,
): Generator<number> {
  const [w, h] = [width * factor, height * factor];
  const rows = kernel === 'pixelShuffle' ? 1 : ROWS;
  for (let y = 0; y < h; y += rows) {
    if (kernel === 'pixelShuffle') kernels.pixelShuffle(node, y);
    else for (let x = 0; x < w; x += COLUMNS) kernels[kernel](node, y, x, scratch);
    yield before + Math.round((work * width * height * Math.min(h, y + rows)) / h);
  }
}
