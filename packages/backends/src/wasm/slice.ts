/**
 * `Slice` and `SplitV` by copies of contiguous runs inside the memory. TF.js first copies the whole tensor out of it, for every part: cutting a flat vector of
 * parameters into its tensors took a quarter of a training step.
 */
import { backend_util, type KernelConfig, Slice, SplitV, slice_util, type TensorInfo, util } from '@tensorflow/tfjs';
import { addressOf, type Heap } from './heap.js';

const BYTES = 4;
const isWords = ({ dtype }: TensorInfo): boolean => dtype === 'float32' || dtype === 'int32';

/** The part of `x` from `begin` on. */
function cut(heap: Heap, x: TensorInfo, begin: readonly number[], size: readonly number[]): TensorInfo {
  const out = heap.backend.makeOutput([...size], x.dtype);
  const total = util.sizeFromShape([...size]);
  if (total === 0) return out;
  const strides = [...util.computeStrides(x.shape), 1];
  // Trailing axes that are taken whole, and the last one that is not, form a run.
  let axis = size.length;
  while (axis > 0 && size[axis - 1] === x.shape[axis - 1]) axis--;
  axis = Math.max(0, axis - 1);
  const run = util.sizeFromShape(size.slice(axis));
  const outer = size.slice(0, axis);
  const base = begin.reduce((sum, at, i) => sum + at * (strides[i] as number), 0);
  const [from, to] = [addressOf(heap, x), addressOf(heap, out)];
  const bytes = heap.module.HEAPU8;
  const index = outer.map(() => 0);
  for (let done = 0; done < total; done += run) {
    const source = index.reduce((sum, at, i) => sum + at * (strides[i] as number), base);
    bytes.copyWithin(to + BYTES * done, from + BYTES * source, from + BYTES * (source + run));
    for (let i = axis - 1; i >= 0; i--) {
      index[i] = (index[i] as number) + 1;
      if ((index[i] as number) < (outer[i] as number)) break;
      index[i] = 0;
    }
  }
  return out;
}

/** `original` does other types than numbers of 4 bytes. */
export const slice = (heap: Heap, original: KernelConfig): KernelConfig => ({
  kernelName: Slice,
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {} }) => {
    const { x } = inputs as { x: TensorInfo };
    if (!isWords(x)) return original.kernelFunc({ inputs, attrs, backend: heap.backend });
    const asked = slice_util.parseSliceParams(x, attrs['begin'] as number[], attrs['size'] as number[]);
    const [begin, size] = asked as [number[], number[]];
    slice_util.assertParamsValid(x, begin, size);
    return cut(heap, x, begin, size);
  },
});

/** `original` does other types than numbers of 4 bytes. */
export const splitV = (heap: Heap, original: KernelConfig): KernelConfig => ({
  kernelName: SplitV,
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs = {} }) => {
    const { x } = inputs as { x: TensorInfo };
    if (!isWords(x)) return original.kernelFunc({ inputs, attrs, backend: heap.backend });
    const axis = util.parseAxisParam(attrs['axis'] as number, x.shape)[0] as number;
    const sizes = backend_util.prepareSplitSize(x, attrs['numOrSizeSplits'] as number[] | number, axis);
    const begin = x.shape.map(() => 0);
    return sizes.map((along) => {
      const size = x.shape.map((whole, i) => (i === axis ? along : whole));
      const part = cut(heap, x, begin, size);
      begin[axis] = (begin[axis] as number) + along;
      return part;
    });
  },
});
