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
import type { ColumnFunction } from './column-functions.js';
import { type FakeQuantVariant, fakeQuantGradPass, fakeQuantPass, type Surrogate } from './fake-quant-functions.js';
import { floatsOf, type Heap } from './heap.js';
import { runColumns } from './run-columns.js';

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

/** Values that share an entry of the ratio. */
function channelsOf({ x, ratio, zeroPoint }: Inputs): number {
  const channels = util.sizeFromShape(ratio.shape);
  const last = x.shape.at(-1) ?? 1;
  if (channels !== 1 && channels !== last) {
    throw new BackendError(
      'FqsrFakeQuant',
      `ratio must have 1 or ${last} values, got ${channels}`,
      'see its last axis',
    );
  }
  const zeros = zeroPoint ? util.sizeFromShape(zeroPoint.shape) : channels;
  if (zeros !== channels) {
    throw new BackendError(
      'FqsrFakeQuant',
      `zeroPoint must have ${channels} values as ratio has, got ${zeros}`,
      'repeat it',
    );
  }
  return channels;
}

const variantOf = ({ zeroPoint }: Inputs, { spacing }: Attrs): FakeQuantVariant => ({
  spacing,
  zeroPoint: zeroPoint ? 'given' : 'none',
});

function run(
  heap: Heap,
  pass: ColumnFunction,
  inputs: Inputs,
  { qmin, qmax }: Attrs,
  tensors: Readonly<Record<string, TensorInfo>>,
) {
  const { ratio, zeroPoint } = inputs;
  const zero = zeroPoint ? floatsOf(heap, zeroPoint).slice() : [];
  return runColumns(heap, pass, {
    tensors,
    columns: { ratio: floatsOf(heap, ratio).slice(), zero },
    numbers: { qmin, qmax, oneHalf: 0.5, one: 1 },
    channels: channelsOf(inputs),
  });
}

/** `v` of `x`; inputs and attributes as `fusedKernels.forward` of quant-core states. */
export const fakeQuant = (heap: Heap): KernelConfig => ({
  kernelName: 'FqsrFakeQuant',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {} }) => {
    const given = inputs as Inputs & typeof inputs;
    const range = attrs as Attrs & NamedAttrMap;
    channelsOf(given);
    const v = heap.backend.makeOutput(given.x.shape, 'float32');
    run(heap, fakeQuantPass(variantOf(given, range)), given, range, { x: given.x, v });
    return v;
  },
});

/** `dx` and the three sums; inputs and attributes as `fusedKernels.gradient` of quant-core states. */
export const fakeQuantGrad = (heap: Heap): KernelConfig => ({
  kernelName: 'FqsrFakeQuantGrad',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {} }) => {
    const given = inputs as Inputs & { readonly dv: TensorInfo } & typeof inputs;
    const range = attrs as Attrs & { readonly surrogate: Surrogate } & NamedAttrMap;
    const channels = channelsOf(given);
    const { x, dv } = given;
    const dx = heap.backend.makeOutput(x.shape, 'float32');
    const sums = heap.backend.makeOutput([3, channels], 'float32');
    const pass = fakeQuantGradPass(variantOf(given, range), range.surrogate);
    const totals = run(heap, pass, given, range, { x, dv, dx });
    const target = floatsOf(heap, sums);
    pass.sums.forEach((name, row) => {
      target.set(totals[name] as Float64Array, row * channels);
    });
    return [dx, sums];
  },
});
