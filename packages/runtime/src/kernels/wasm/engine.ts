/** The WASM backend: SIMD, exact Winograd, memory for a band of rows. */
import type { Engine } from '../../engine.js';
import { layoutModel } from '../../layout.js';
import type { IntegerModel } from '../../model.js';
import { openMachine } from './machine.js';
import { compile } from './program.js';
import { executeProgram, ringBytes } from './run.js';

/** Rows that go in at a time, by preference. */
const BANDS = [32, 16, 8, 4] as const;

/**
 * Compiles a model for WASM.
 *
 * @param memoryBytes what rings of rows may take, if they can do with it
 * @throws FormatError for a model that breaks the rules of the format
 * @throws RuntimeError where the host has no WebAssembly with SIMD
 */
export async function openWasm(model: IntegerModel, where: string, memoryBytes: number): Promise<Engine> {
  const layout = layoutModel(model, where);
  const machine = await openMachine();
  const program = compile(layout, machine);
  return {
    largest: 3 * layout.scale ** 2,
    work: program.work,
    isExclusive: true,
    run: (image, tap) => {
      const { width, height } = image;
      if (tap) return executeProgram(program, layout, machine, image, { band: height, tap });
      const band = BANDS.find((rows) => ringBytes(program, width, height, rows) <= memoryBytes) ?? 4;
      return executeProgram(program, layout, machine, image, { band });
    },
  };
}
