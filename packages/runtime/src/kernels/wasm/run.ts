/** Runs a compiled model on an image, block by block. */
import type { PlannedTensor } from '../../layout.js';
import type { Port } from '../../port.js';
import type { Tap } from '../../run.js';
import type { Machine } from './machine.js';
import type { Program, WasmStep } from './program.js';
import { rings, schedule, type Turn } from './schedule.js';
import { jobFields, type Threads } from './threads.js';

/** What a job calls the kernels. */
const kernelNumbers = { conv2d: 0, add: 1, pixelShuffle: 2 } as const satisfies Record<WasmStep['kernel'], number>;

/** How to run a program. */
export interface ProgramOptions {
  /** The job's address. */
  readonly job: number;
  /** Threads beside the caller's, if any. */
  readonly threads: Threads | null;
  /** Address of the caller's scratch memory. */
  readonly scratch: number;
  /** Rows of the image that go in at a time: a multiple of 4, or all. */
  readonly band: number;
  /** Sees every stored tensor when it is complete; the band must be the whole image. */
  readonly tap?: Tap | undefined;
  /** Called after each turn, for benchmarks. */
  readonly watch?: Watch | undefined;
}

/** Sees whose turn has ended. */
export type Watch = (step: Turn['step']) => void;

/** Bytes of all rings for a band. */
export function ringBytes(program: Program, width: number, height: number, band: number): number {
  let bytes = 0;
  for (const [tensor, rows] of rings(program, height, band)) bytes += rows * rowBytes(tensor, width) + 64;
  return bytes;
}

const rowBytes = ({ channels, factor }: PlannedTensor, width: number): number => channels * factor * width;

/**
 * Runs a program; yields the work done so far after each block, of a total of `program.work * width * height`, and while it waits for rows. One run at a time: the
 * memory is the machine's.
 */
export function* executeProgram(
  program: Program,
  machine: Machine,
  port: Port,
  { band, tap, watch, ...crew }: ProgramOptions,
): Generator<number, void> {
  const { width, height } = port;
  const sizes = rings(program, height, band);
  const addresses = new Map<PlannedTensor, number>();
  let top = machine.end();
  for (const [tensor, rows] of sizes) {
    addresses.set(tensor, top);
    top = Math.ceil((top + rows * rowBytes(tensor, width)) / 64) * 64 + 64;
  }
  machine.reserve(top);
  const addressOf = (tensor: PlannedTensor) => addresses.get(tensor) as number;
  const ringOf = (tensor: PlannedTensor) => sizes.get(tensor) as number;
  for (const { bind } of program.steps) bind({ width, height, addressOf, ringOf });
  const rowOf = (tensor: PlannedTensor, y: number): Uint8Array => {
    const bytes = rowBytes(tensor, width);
    const at = addressOf(tensor) + (y % ringOf(tensor)) * bytes;
    return machine.bytes().subarray(at, at + bytes);
  };
  const show = (tensor: PlannedTensor): void => {
    const at = addressOf(tensor);
    const all = machine.bytes().slice(at, at + rowBytes(tensor, width) * height * tensor.factor);
    const levels = tensor.signed ? new Int8Array(all.buffer) : all;
    tap?.(tensor.name, levels, height * tensor.factor, width * tensor.factor, tensor.channels);
  };
  let done = 0;
  for (const turn of schedule(program, height, band)) {
    const { step, y0, y1 } = turn;
    if (step === 'input') {
      while (!port.has(y1)) yield done;
      for (let y = y0; y < y1; y++) rowOf(program.input, y).set(port.row(y));
      port.release(y1);
      if (tap) show(program.input);
    } else if (step === 'output') {
      const rows = port.open(y0, y1);
      const length = rowBytes(program.output, width);
      for (let y = y0; y < y1; y++) rows.set(rowOf(program.output, y), (y - y0) * length);
      port.close();
      yield done;
    } else {
      yield* runStep(step, turn, machine, width, crew, done);
      done += (step.work * width * (y1 - y0)) / step.factor;
      if (tap) for (const tensor of step.to) show(tensor);
    }
    watch?.(step);
  }
}

/** Blocks between two looks at the clock. */
const BLOCKS = 8;

function* runStep(
  { kernel, node, factor, rows, columns, work }: WasmStep,
  { y0, y1 }: Turn,
  { kernels, words }: Machine,
  width: number,
  { job, threads, scratch }: Pick<ProgramOptions, 'job' | 'threads' | 'scratch'>,
  before: number,
): Generator<number> {
  const across = Math.ceil((width * factor) / columns);
  const blocks = across * Math.ceil((y1 - y0) / rows);
  const values = { next: 0, blocks, across, kernel: kernelNumbers[kernel], node, y0, y1, rows, columns };
  const memory = words();
  for (const [field, value] of Object.entries(values))
    memory[job / 4 + jobFields[field as keyof typeof values]] = value;
  if (blocks > 1) threads?.start();
  const rowsWork = (work * width * (y1 - y0)) / factor;
  try {
    while (kernels.work(job, scratch, BLOCKS)) {
      yield Math.round(before + rowsWork * Math.min(1, (words()[job / 4 + jobFields.next] as number) / blocks));
    }
  } finally {
    // Also when the image is given up: the next one writes over this job.
    if (blocks > 1) {
      Atomics.store(words(), job / 4 + jobFields.next, blocks);
      threads?.wait();
    }
  }
}
