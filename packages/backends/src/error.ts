/**
 * An argument or a host that a function of this package refuses.
 * The message reads `[backends] function: argument must be X, got Y (do Z)`.
 */
export class BackendError extends Error {
  override readonly name = 'BackendError';

  /** What must be, and what is. */
  readonly problem: string;
  /** What to do. */
  readonly remedy: string;

  constructor(where: string, problem: string, remedy: string, options?: ErrorOptions) {
    super(`[backends] ${where}: ${problem} (${remedy})`, options);
    this.problem = problem;
    this.remedy = remedy;
  }
}
