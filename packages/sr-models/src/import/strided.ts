/** Views of a storage: PyTorch saves a tensor as an offset and a stride for each axis into elements that others may share. */
import { elements, unreadable } from './tensor.js';

/** Where the elements of a tensor lie in its storage. */
export interface Strided {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Most axes that a tensor may have. */
const MAX_AXES = 8;

/**
 * Checks that every element lies in the storage, and that the view is no larger than it: a file must not make more memory than it has.
 *
 * @throws ModelError naming what does not fit
 */
export function checkView({ shape, strides, offset }: Strided, length: number): void {
  const whole = (values: readonly unknown[]) =>
    values.every((value) => Number.isSafeInteger(value) && Number(value) >= 0);
  if (!Array.isArray(shape) || !Array.isArray(strides) || shape.length !== strides.length || shape.length > MAX_AXES) {
    throw unreadable(`a tensor must have as many strides as axes, at most ${MAX_AXES}, got ${shape} and ${strides}`);
  }
  if (!whole([...shape, ...strides, offset])) {
    throw unreadable(
      `sizes, strides and offset must be whole and not negative, got [${shape}], [${strides}], ${offset}`,
    );
  }
  const count = elements(shape);
  if (count === 0) return;
  const { end } = spanOf({ shape, strides, offset });
  if (end > length) throw unreadable(`a tensor must lie within its ${length} elements, got one that ends at ${end}`);
  if (count > length) {
    throw unreadable(`a tensor must be no larger than its storage of ${length}, got ${count}`, 'save it contiguous');
  }
}

/** The first element of a view, and the one behind its last. */
export function spanOf({ shape, strides, offset }: Strided): { readonly begin: number; readonly end: number } {
  if (elements(shape) === 0) return { begin: offset, end: offset };
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] as number), offset);
  return { begin: offset, end: last + 1 };
}

/** The elements of a view, row-major. */
export function gather({ shape, strides, offset }: Strided, storage: Float32Array): Float32Array {
  const out = new Float32Array(elements(shape));
  const index = shape.map(() => 0);
  let from = offset;
  for (let i = 0; i < out.length; i++) {
    out[i] = storage[from] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis] as number;
      if (++index[axis]! < (shape[axis] as number)) break;
      from -= (strides[axis] as number) * (shape[axis] as number);
      index[axis] = 0;
    }
  }
  return out;
}
