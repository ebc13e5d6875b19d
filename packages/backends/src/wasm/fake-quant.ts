/**
 * `FqsrFakeQuant` and `FqsrFakeQuantGrad`: a quantizer's forward and backward in one pass over memory each. `@fqsr/quant-core` asks for them by name, and composes
 * the same numbers from a dozen passes where a backend has none.
 *
 * With `r = x * ratio + z` and `v = clamp(nearestLevel(x * ratio) + z, qmin, qmax) - z`, levels `qmin, qmin + spacing, ..., qmax`, ties to the level of even index:
 *
 * - forward reads `x` and writes `v`
 * - backward reads `x` and `dv`, writes `dx = dr * ratio` and adds up `dr * x`, `dr * v` and `dr - dv`, where `dr = dv` inside the range and on its ends, and 0
 *   outside (`clipped`), or `dr = dv` everywhere (`identity`)
 *
 * A NaN in `x` gives a NaN in `v`, and in `dx` under `clipped`. Sums are made in float32 over at most 128 values, then in float64, in a fixed order: their error is
 * at most `131 * 2^-24` of the sum of absolute terms, whatever the number of values, and the same inputs give the same bits.
 */
import { type KernelConfig, type NamedAttrMap, type TensorInfo, util } from '@tensorflow/tfjs';
import { BackendError } from '../error.js';
import {
  COLUMN_BLOCK,
  type FakeQuantVariant,
  fakeQuantGradName,
  fakeQuantName,
  type Surrogate,
} from './fake-quant-functions.js';
import { addressOf, floatsAt, floatsOf, type Heap, withScratch } from './heap.js';

/** Most rows that are summed in float32. */
const MAX_BLOCK_ROWS = 128;
/** Values of one matrix in a block of rows: three matrices then fit the first-level cache. */
const BLOCK_VALUES = 2048;

interface Attrs {
  readonly qmin: number;
  readonly qmax: number;
  readonly spacing: 1 | 2;
}
interface Inputs {
  readonly x: TensorInfo;
  readonly ratio: TensorInfo;
  readonly zeroPoint?: TensorInfo;
}

/** `size` values as `rows` of `cols` (a multiple of the column block and of the channels), and `rest` values after them. */
interface Matrix {
  readonly cols: number;
  readonly rows: number;
  readonly rest: number;
}

function matrixOf({ x, ratio, zeroPoint }: Inputs): Matrix {
  const channels = util.sizeFromShape(ratio.shape);
  const last = x.shape.at(-1) ?? 1;
  if (channels !== 1 && channels !== last) {
    throw new BackendError(
      'FqsrFakeQuant',
      `ratio must have 1 or ${last} values, got ${channels}`,
      'see its last axis',
    );
  }
  if (zeroPoint && util.sizeFromShape(zeroPoint.shape) !== channels) {
    throw new BackendError(
      'FqsrFakeQuant',
      `zeroPoint must have ${channels} values as ratio has, got ${util.sizeFromShape(zeroPoint.shape)}`,
      'repeat it',
    );
  }
  let cols = channels;
  while (cols % COLUMN_BLOCK !== 0) cols += channels;
  const size = util.sizeFromShape(x.shape);
  return { cols, rows: Math.floor(size / cols), rest: size % cols };
}

/** Writes the vector of `tensor` again and again into `cols` floats. */
function repeat(heap: Heap, tensor: TensorInfo, to: number, cols: number): void {
  const values = floatsOf(heap, tensor);
  const target = floatsAt(heap, to, cols);
  for (let at = 0; at < cols; at += values.length) target.set(values, at);
}

/** Where a run finds what belongs to columns. */
interface Run extends Matrix {
  readonly variant: FakeQuantVariant;
  readonly ratio: number;
  readonly zero: number;
  /** `cols` floats for each matrix: a last row that is not full. */
  readonly spare: number;
}

/** Prepares a run on `matrices` matrices and `doubles` doubles for each column, which are cleared; all is freed after `work`. */
function withRun(
  heap: Heap,
  inputs: Inputs,
  { spacing }: Attrs,
  spares: { readonly matrices: number; readonly doubles: number },
  work: (run: Run, sums: number) => void,
): void {
  const matrix = matrixOf(inputs);
  const { cols } = matrix;
  withScratch(heap, cols * (2 + spares.matrices + 2 * spares.doubles), (sums) => {
    floatsAt(heap, sums, cols * 2 * spares.doubles).fill(0);
    const ratio = sums + 8 * cols * spares.doubles;
    const [zero, spare] = [ratio + 4 * cols, ratio + 8 * cols];
    repeat(heap, inputs.ratio, ratio, cols);
    if (inputs.zeroPoint) repeat(heap, inputs.zeroPoint, zero, cols);
    work({ ...matrix, variant: { spacing, zeroPoint: inputs.zeroPoint ? 'given' : 'none' }, ratio, zero, spare }, sums);
  });
}

/** Calls `kernel` on all full rows, then on the rest, which is moved to a row of its own and back. */
function eachPart(
  heap: Heap,
  { cols, rows, rest, spare, ratio, zero }: Run,
  from: readonly number[],
  to: number,
  kernel: (addresses: readonly number[], shared: readonly number[]) => void,
): void {
  const block = Math.max(1, Math.min(MAX_BLOCK_ROWS, Math.floor(BLOCK_VALUES / cols)));
  if (rows > 0) kernel([...from, to], [ratio, zero, rows, 4 * cols, block]);
  if (rest === 0) return;
  const done = 4 * cols * rows;
  const places = from.map((address, at) => {
    const place = spare + 4 * cols * at;
    const row = floatsAt(heap, place, cols).fill(0);
    row.set(floatsAt(heap, address + done, rest));
    return place;
  });
  const target = spare + 4 * cols * from.length;
  kernel([...places, target], [ratio, zero, 1, 4 * cols, 1]);
  floatsAt(heap, to + done, rest).set(floatsAt(heap, target, rest));
}

/** `v` of `x`; inputs and attributes as `fusedKernels.forward` of quant-core states. */
export const fakeQuant = (heap: Heap): KernelConfig => ({
  kernelName: 'FqsrFakeQuant',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {} }) => {
    const given = inputs as Inputs & typeof inputs;
    const { qmin, qmax, spacing } = attrs as Attrs & NamedAttrMap;
    const out = heap.backend.makeOutput(given.x.shape, 'float32');
    withRun(heap, given, { qmin, qmax, spacing }, { matrices: 2, doubles: 0 }, (run) => {
      const call = heap.call(fakeQuantName(run.variant));
      eachPart(heap, run, [addressOf(heap, given.x)], addressOf(heap, out), (addresses, shared) =>
        call(...addresses, ...shared, qmin, qmax),
      );
    });
    return out;
  },
});

/** `dx` and the three sums; inputs and attributes as `fusedKernels.gradient` of quant-core states. */
export const fakeQuantGrad = (heap: Heap): KernelConfig => ({
  kernelName: 'FqsrFakeQuantGrad',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {} }) => {
    const given = inputs as Inputs & { readonly dv: TensorInfo } & typeof inputs;
    const { qmin, qmax, spacing, surrogate } = attrs as Attrs & { readonly surrogate: Surrogate } & NamedAttrMap;
    const channels = util.sizeFromShape(given.ratio.shape);
    const dx = heap.backend.makeOutput(given.x.shape, 'float32');
    const sums = heap.backend.makeOutput([3, channels], 'float32');
    withRun(heap, given, { qmin, qmax, spacing }, { matrices: 3, doubles: 3 }, (run, doubles) => {
      const call = heap.call(fakeQuantGradName(run.variant, surrogate));
      const from = [given.x, given.dv].map((tensor) => addressOf(heap, tensor));
      eachPart(heap, run, from, addressOf(heap, dx), (addresses, shared) =>
        call(...addresses, ...shared, doubles, qmin, qmax),
      );
      const parts = new Float64Array(heap.module.HEAPU8.buffer, doubles, 3 * run.cols);
      const totals = floatsOf(heap, sums);
      for (let at = 0; at < totals.length; at++) {
        const row = Math.floor(at / channels) * run.cols;
        let total = 0;
        for (let column = at % channels; column < run.cols; column += channels) total += parts[row + column] as number;
        totals[at] = total;
      }
    });
    return [dx, sums];
  },
});
