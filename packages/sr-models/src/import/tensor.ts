/** Tensors of a file that another program wrote, as the import sees them. */
import { ModelError } from '../error.js';

/** A tensor whose values are read when they are asked for, so that a file costs no more memory than what is used of it. */
export interface ForeignTensor {
  readonly shape: readonly number[];
  /** The file's element type, for messages. */
  readonly dtype: string;
  /** The values, row-major, as float32. @throws ModelError when the file is damaged there, or the type is no float */
  readonly read: () => Promise<Float32Array>;
}

/** A file's tensors by name. */
export interface ForeignFile {
  readonly format: 'safetensors' | 'torch zip' | 'torch legacy';
  readonly tensors: ReadonlyMap<string, ForeignTensor>;
  /** What the file says of itself, as text. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** An error of a reader. */
export function unreadable(problem: string, remedy = 'the file is damaged; fetch it again'): ModelError {
  return new ModelError('readForeign', problem, remedy);
}

/** The product of a shape. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
