/**
 * What a page and its worker say to each other. A page loads one model in a worker; every image is a job with a number. Rows of the image go as the worker needs
 * them, strips of the result as the page takes them, so neither holds more than it must.
 */
import type { BackendName, BackendOptions } from '../backends.js';
import { FormatError, RuntimeError } from '../error.js';
import type { Channels, Samples, Strip } from '../image.js';
import type { IntegerModel } from '../model.js';

/** From the page. */
export type Request =
  | { readonly kind: 'load'; readonly bytes: Uint8Array; readonly options: BackendOptions }
  | {
      readonly kind: 'start';
      readonly job: number;
      readonly width: number;
      readonly height: number;
      readonly channels: Channels;
    }
  /** The next rows, or `null` after the last. */
  | { readonly kind: 'rows'; readonly job: number; readonly data: Samples | null }
  /** One more strip may come. */
  | { readonly kind: 'pull'; readonly job: number }
  | { readonly kind: 'stop'; readonly job: number };

/** From the worker. */
export type Answer =
  /** The worker runs. */
  | { readonly kind: 'ready'; readonly hasGpu: boolean }
  | { readonly kind: 'loaded'; readonly model: IntegerModel; readonly backend: BackendName; readonly threads: number }
  | { readonly kind: 'refused'; readonly error: unknown }
  /** The next rows are wanted. */
  | { readonly kind: 'need'; readonly job: number }
  | { readonly kind: 'progress'; readonly job: number; readonly done: number; readonly total: number }
  | { readonly kind: 'strip'; readonly job: number; readonly strip: Strip }
  | { readonly kind: 'end'; readonly job: number }
  | { readonly kind: 'failed'; readonly job: number; readonly error: unknown };

/** An error of this package, whose class does not survive a message. */
interface PackedError {
  readonly fqsr: 'RuntimeError' | 'FormatError';
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: unknown;
}

/** An error as a message may carry it. */
export function packError(error: unknown): unknown {
  if (!(error instanceof RuntimeError)) return cloneable(error);
  const fqsr = error instanceof FormatError ? 'FormatError' : 'RuntimeError';
  return { fqsr, message: error.message, stack: error.stack, cause: cloneable(error.cause) } satisfies PackedError;
}

/** The error that was packed: its class and message, and the worker's stack. */
export function unpackError(packed: unknown): unknown {
  if (typeof packed !== 'object' || packed === null || !('fqsr' in packed)) return packed;
  const { fqsr, message, stack, cause } = packed as PackedError;
  const error = new (fqsr === 'FormatError' ? FormatError : RuntimeError)('', '', '', { cause });
  return Object.assign(error, { message, stack });
}

/** What cannot be copied is told in words. */
function cloneable(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return new Error(String(value));
  }
}
