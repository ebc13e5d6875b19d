/**
 * An argument or a file that a function of this package refuses.
 * The message reads `[datasets] function: argument must be X, got Y (do Z)`.
 */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';

  constructor(where: string, problem: string, remedy: string, options?: ErrorOptions) {
    super(`[datasets] ${where}: ${problem} (${remedy})`, options);
  }
}

/** An image that is none, damaged, truncated, too large or too small: what a stream may pass over and report. */
export class BrokenImageError extends DatasetError {}

/** What to do with a broken image: pass over it and report it, or fail. */
export type OnBroken = 'skip' | 'throw';

/** An image that was passed over, and why. */
export interface Skipped {
  readonly name: string;
  /** One line, e.g. `smaller than a patch`. */
  readonly reason: string;
}
