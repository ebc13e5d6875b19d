/**
 * The order of work: a band of rows of the image goes in, and every step computes the rows that it can, at most as many, before the next band. Each tensor then
 * needs a few rows at a time, kept in a ring; nothing is computed twice, and memory does not grow with the image's height.
 */
import type { PlannedTensor } from '../../layout.js';
import type { Program, WasmStep } from './program.js';

/** Rows `[y0, y1)` that a step computes; `null` stands for rows of the image that go in, and rows of the result that come out. */
export interface Turn {
  readonly step: WasmStep | 'input' | 'output';
  readonly y0: number;
  readonly y1: number;
}

/**
 * All turns for an image, in order.
 *
 * @param band rows of the image that go in at a time
 */
export function* schedule(program: Program, height: number, band: number): Generator<Turn> {
  const rows = new Map<PlannedTensor, number>();
  const done = new Map<WasmStep, number>(program.steps.map((step) => [step, 0]));
  const { input, output } = program;
  let out = 0;
  while (out < height * output.factor) {
    const y0 = rows.get(input) ?? 0;
    const y1 = Math.min(height, y0 + band);
    if (y1 > y0) yield { step: 'input', y0, y1 };
    rows.set(input, y1);
    for (const step of program.steps) {
      const from = done.get(step) as number;
      const to = lastRow(step, from, reach(step, rows, height), height, band);
      if (to <= from) continue;
      yield { step, y0: from, y1: to };
      done.set(step, to);
      for (const tensor of step.to) rows.set(tensor, (to * tensor.factor) / step.factor);
    }
    const end = rows.get(output) ?? 0;
    if (end > out) yield { step: 'output', y0: out, y1: end };
    out = end;
  }
}

/** Rows of blocks that end with the tensor, or are whole: a part of one costs as much. */
function lastRow({ factor, rows }: WasmStep, from: number, reached: number, height: number, band: number): number {
  const most = from + Math.ceil((band * factor) / rows) * rows;
  const to = Math.min(reached, most);
  return to === height * factor ? to : from + Math.floor((to - from) / rows) * rows;
}

/** The rows that a step can have computed, given those of its inputs. */
function reach({ from, factor }: WasmStep, rows: ReadonlyMap<PlannedTensor, number>, height: number): number {
  const all = height * factor;
  const limits = from.map(({ tensor, halo }) => {
    const known = rows.get(tensor) ?? 0;
    return known === all ? all : known - halo;
  });
  return Math.min(...limits);
}

/** Rows that each tensor's ring needs: the most that are written and still to be read at any time. */
export function rings(program: Program, height: number, band: number): ReadonlyMap<PlannedTensor, number> {
  const sizes = new Map<PlannedTensor, number>();
  const done = new Map<WasmStep | 'output', number>();
  const readers = new Map<PlannedTensor, { readonly step: WasmStep | 'output'; readonly halo: number }[]>();
  const readersOf = (tensor: PlannedTensor) => readers.get(tensor) ?? [];
  for (const step of program.steps) {
    for (const { tensor, halo } of step.from) readers.set(tensor, [...readersOf(tensor), { step, halo }]);
  }
  readers.set(program.output, [...readersOf(program.output), { step: 'output', halo: 0 }]);
  for (const { step, y1 } of schedule(program, height, band)) {
    const written = step === 'input' ? [program.input] : step === 'output' ? [] : step.to;
    for (const tensor of written) {
      const last = step === 'input' || step === 'output' ? y1 : (y1 * tensor.factor) / step.factor;
      const oldest = Math.min(...readersOf(tensor).map((reader) => (done.get(reader.step) ?? 0) - reader.halo));
      sizes.set(tensor, Math.max(sizes.get(tensor) ?? 1, last - Math.max(0, oldest)));
    }
    if (step !== 'input') done.set(step, y1);
  }
  return sizes;
}
