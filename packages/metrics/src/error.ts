/**
 * An argument that a function of this package refuses.
 * The message reads `[metrics] function: argument must be X, got Y (do Z)`.
 */
export class MetricError extends Error {
  override readonly name = 'MetricError';

  constructor(where: string, problem: string, remedy: string) {
    super(`[metrics] ${where}: ${problem} (${remedy})`);
  }
}
