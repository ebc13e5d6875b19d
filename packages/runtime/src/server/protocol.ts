/** What goes between a service's thread and its workers. */
import type { BackendName } from '../backends.js';
import { FormatError, RuntimeError } from '../error.js';
import type { AnyImage } from '../image.js';

/** What a worker starts with. */
export interface Start {
  readonly bytes: Uint8Array;
  readonly backend: BackendName | 'auto';
  readonly memoryBytes: number | undefined;
}

/** What a loaded model says of itself. */
export interface Facts {
  readonly name: string;
  readonly scale: number;
  readonly backend: BackendName;
}

export type Request = { readonly kind: 'upscale'; readonly image: AnyImage } | { readonly kind: 'stop' };

export type Answer =
  | { readonly kind: 'ready'; readonly facts: Facts }
  | { readonly kind: 'done'; readonly image: AnyImage }
  | { readonly kind: 'failed'; readonly error: PackedError };

/** An error as a message may carry it: by its name, since the worker's classes are not ours. */
interface PackedError {
  readonly name: string;
  readonly message: string;
}

/** Packs an error. */
export function packError(error: unknown): PackedError {
  return error instanceof Error
    ? { name: error.name, message: error.message }
    : { name: 'Error', message: String(error) };
}

/** The error that was packed. */
export function unpackError({ name, message }: PackedError): Error {
  const classes = { FormatError, RuntimeError };
  const own = name === 'FormatError' || name === 'RuntimeError' ? new classes[name]('', '', '') : new Error();
  return Object.assign(own, { message });
}
