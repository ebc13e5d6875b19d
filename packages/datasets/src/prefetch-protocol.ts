/**
 * What a stream and its workers say to each other.
 */
import type { Skipped } from './error.js';
import type { Batch, PatchStreamOptions } from './stream.js';

/** What a worker starts from. */
export interface WorkerTask {
  readonly spec: string;
  readonly options: PatchStreamOptions;
}

/** The stream asks for a batch. */
export interface Wanted {
  readonly cursor: number;
}

/** A worker says which image it reads, and when it has it: whoever outlives the worker can tell where it ended. */
export interface Reading {
  readonly reading: string;
  readonly done: boolean;
}

/** A worker answers, with what its stream has passed over so far. */
export type Answer =
  | { readonly cursor: number; readonly batch: Batch; readonly skipped: readonly Skipped[] }
  | { readonly cursor: number; readonly error: string };
