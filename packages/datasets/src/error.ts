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
