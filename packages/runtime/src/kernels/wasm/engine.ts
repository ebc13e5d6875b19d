/** The WASM backend: SIMD, exact Winograd, memory for a band of rows. */
import type { Engine } from '../../engine.js';
import type { Image } from '../../image.js';
import { layoutModel } from '../../layout.js';
import type { CheckedModel } from '../../model-info.js';
import { imagePort, type Port } from '../../port.js';
import type { Tap } from '../../run.js';
import { CORE, cutForPort, reachOf, runTiles } from '../../tiles.js';
import { openMachine } from './machine.js';
import { compile } from './program.js';
import { executeProgram, ringBytes, type Watch } from './run.js';
import { JOB_BYTES, openThreads } from './threads.js';

/** Rows that go in at a time, by preference. */
const BANDS = [32, 16, 8, 4] as const;
/** Bytes of rings beyond which fewer rows go in at a time. */
const COMFORT = 64 * 2 ** 20;

/** How to run on WASM. */
export interface WasmOptions {
  /** What rings of rows and a strip of the result may take; half of it each where both count. */
  readonly memoryBytes: number;
  /** Threads, the caller's included. */
  readonly threads: number;
  /** Called after each turn, for benchmarks. */
  readonly watch?: Watch;
}

/**
 * Compiles a model for WASM.
 *
 * @throws RuntimeError where the host has no WebAssembly with SIMD, or no threads and more than one is asked for
 */
export async function openWasm(checked: CheckedModel, options: WasmOptions): Promise<Engine> {
  const { memoryBytes } = options;
  const layout = layoutModel(checked);
  const reach = reachOf(layout);
  const machine = await openMachine(options.threads > 1);
  const program = compile(layout, machine);
  const job = machine.allocate(JOB_BYTES);
  // Kernels read up to 64 bytes past what they use.
  const scratch = Array.from({ length: options.threads }, () => machine.allocate(program.scratch + 64));
  const words = () => machine.words().subarray(job / 4, (job + JOB_BYTES) / 4);
  const [own = 0, ...others] = scratch;
  const threads = others.length > 0 ? await openThreads({ ...machine.shared, at: job / 4 }, words(), others) : null;
  const crew = { job, threads, scratch: own, watch: options.watch };
  const bandFor = (width: number, height: number): number => {
    const bytes = Math.min(COMFORT, memoryBytes);
    return BANDS.find((rows) => ringBytes(program, width, height, rows) <= bytes) ?? 4;
  };
  function* run(image: Image, tap?: Tap): Generator<number, Image> {
    const { width, height } = image;
    const { port, result } = imagePort(image, layout.scale);
    yield* executeProgram(
      program,
      machine,
      port,
      tap ? { ...crew, band: height, tap } : { ...crew, band: bandFor(width, height) },
    );
    return result;
  }
  return {
    scale: layout.scale,
    work: program.work,
    memoryBytes,
    threads: options.threads,
    isExclusive: true,
    run,
    stream: (port: Port) => {
      const { width, height } = port;
      if (ringBytes(program, width, height, 4) <= memoryBytes) {
        return executeProgram(program, machine, port, { ...crew, band: bandFor(width, height) });
      }
      const fitting = Math.floor(memoryBytes / 2 / ringBytes(program, 1, height, 4));
      const most = Math.max(fitting, 2 * reach.x + CORE);
      const room = { area: Number.POSITIVE_INFINITY, width: most, height: Number.POSITIVE_INFINITY };
      return runTiles(port, cutForPort(port, reach, room), { scale: layout.scale, work: program.work }, run);
    },
    dispose: () => threads?.close(),
  };
}
