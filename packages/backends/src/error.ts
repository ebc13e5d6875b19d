/**
 * An argument or a host that a function of this package refuses.
 * The message reads `[backends] function: argument must be X, got Y (do Z)`.
 */
export class BackendError extends Error {
  override readonly name = 'BackendError';

  constructor(where: string, problem: string, remedy: string, options?: ErrorOptions) {
    super(`[backends] ${where}: ${problem} (${remedy})`, options);
  }
}
