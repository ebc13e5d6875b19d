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
    throw new FormatError(where, `${clip(path)} must be ${clip(constraint)}, got ${show(value)}`, special);
  };
}

/** Text of a file as it stands in a message: names and keys may be as long as the file. */
function clip(text: string): string {
  return text.length > 240 ? `${text.slice(0, 237)}...` : text;
}

/** A value as it stands in a message: JSON, 80 characters and a little more at most; strings keep both quotes. */
export function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : typeof value === 'bigint' ? `${value}` : JSON.stringify(value);
  if (text === undefined) return typeof value;
  if (text.length <= 80) return text;
  return typeof value === 'string' ? JSON.stringify(`${value.slice(0, 32)}...`) : `${text.slice(0, 77)}...`;
}
