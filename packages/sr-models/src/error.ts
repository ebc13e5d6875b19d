/**
 * An argument that a function of this package refuses.
 * The message reads `[sr-models] function: argument must be X, got Y (do Z)`.
 */
export class ModelError extends Error {
  override readonly name = 'ModelError';

  constructor(where: string, problem: string, remedy: string) {
    super(`[sr-models] ${where}: ${problem} (${remedy})`);
  }
}
