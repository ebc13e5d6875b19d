/** The WASM backend: SIMD, exact Winograd, memory for a band of rows. */
import type { Engine } from '../../engine.js';
import { layoutModel } from '../../layout.js';
import type { IntegerModel } from '../../model.js';
import { openMachine } from './machine.js';
import { compile } from './program.js';
import { executeProgram, ringBytes, type Watch } from './run.js';
import { JOB_BYTES, openThreads } from './threads.js';

/** Rows that go in at a time, by preference. */
const BANDS = [32, 16, 8, 4] as const;

/** How to run on WASM. */
export interface WasmOptions {
  /** What rings of rows may take, if they can do with it. */
  readonly memoryBytes: number;
  /** Threads, the caller's included. */
  readonly threads: number;
  /** Called after each turn, for benchmarks. */
  readonly watch?: Watch;
}

/**
 * Compiles a model for WASM.
 *
 * @throws FormatError for a model that breaks the rules of the format
 * @throws RuntimeError where the host has no WebAssembly with SIMD, or no threads and more than one is asked for
 */
export async function openWasm(model: IntegerModel, where: string, options: WasmOptions): Promise<Engine> {
  const layout = layoutModel(model, where);
  const machine = await openMachine(options.threads > 1);
  const program = compile(layout, machine);
  const job = machine.allocate(JOB_BYTES);
  // Kernels read up to 64 bytes past what they use.
  const scratch = Array.from({ length: options.threads }, () => machine.allocate(program.scratch + 64));
  const words = () => machine.words().subarray(job / 4, (job + JOB_BYTES) / 4);
  const [own = 0, ...others] = scratch;
  const threads = others.length > 0 ? openThreads({ ...machine.shared, at: job / 4 }, words(), others) : null;
  const crew = { job, threads, scratch: own, watch: options.watch };
  return {
    largest: 3 * layout.scale ** 2,
    work: program.work,
    isExclusive: true,
    run: (image, tap) => {
      const { width, height } = image;
      if (tap) return executeProgram(program, layout, machine, image, { ...crew, band: height, tap });
      const band = BANDS.find((rows) => ringBytes(program, width, height, rows) <= options.memoryBytes) ?? 4;
      return executeProgram(program, layout, machine, image, { ...crew, band });
    },
    dispose: () => threads?.close(),
  };
}
