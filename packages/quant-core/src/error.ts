/**
 * An argument that a function of this package refuses.
 * The message reads `[quant-core] function: argument must be X, got Y (do Z)`.
 */
export class QuantError extends Error {
  override readonly name = 'QuantError';

  constructor(where: string, problem: string, remedy: string) {
    super(`[quant-core] ${where}: ${problem} (${remedy})`);
  }
}
