/** What this package refuses, as errors whose message reads `[runtime] function: X must be Y, got Z (do W)`. */

/** An argument that a function of this package refuses, or a source that cannot be read. */
export class RuntimeError extends Error {
  override readonly name: string = 'RuntimeError';

  constructor(where: string, problem: string, remedy: string, options?: ErrorOptions) {
    super(`[runtime] ${where}: ${problem} (${remedy})`, options);
  }
}

/**
 * Bytes that are no safetensors file, or a model that breaks the rules of the `.fqsr` format. The package's two entries carry a copy each: across them
 * compare `name`.
 */
export class FormatError extends RuntimeError {
  override readonly name: string = 'FormatError';
}

/** Throws a {@link FormatError}: `path` must be `constraint`, got `value`. */
export type Refuse = (path: string, constraint: string, value: unknown, remedy?: string) => never;

/** A {@link Refuse} that speaks for the function `where`. */
export function refusal(where: string, remedy: string): Refuse {
  return (path, constraint, value, special = remedy) => {
    throw new FormatError(where, `${path} must be ${constraint}, got ${show(value)}`, special);
  };
}

/** A value as it stands in a message: JSON, at most 80 characters. */
export function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : typeof value === 'bigint' ? `${value}` : JSON.stringify(value);
  if (text === undefined) return typeof value;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
