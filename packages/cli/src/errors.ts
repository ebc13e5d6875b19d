/**
 * Two kinds of failure: wrong usage (exit 2) and work that failed (exit 1). Both end as one line on stderr.
 */

import { withSuggestion } from './suggest.js';

/** The command line asks for something that does not exist or does not fit. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Something outside the command failed: a file, a disk, a model that does not fit its data. Exit code 1. */
export class CliError extends Error {
  override readonly name = 'CliError';
}

/** Errors that our packages throw on purpose; their message is made for people. */
const expected = new Set([
  'UsageError',
  'CliError',
  'BackendError',
  'DatasetError',
  'FormatError',
  'MetricError',
  'ModelError',
  'QuantError',
  'RuntimeError',
]);

/** Runs `work`; a refusal of a name or value that came from the command line becomes wrong usage. */
export function asUsage<T>(option: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error && expected.has(error.name)) {
      throw new UsageError(`${option}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

/** One line for people, and the exit code. Unexpected errors say so; `FQSR_DEBUG=1` adds the stack. */
export function describeError(error: unknown): { readonly line: string; readonly exitCode: 1 | 2 } {
  if (!(error instanceof Error)) return { line: `unexpected: ${String(error)}`, exitCode: 1 };
  const oneLine = withSuggestion(error.message.replace(/\s*\n\s*/g, '; '));
  if (error.name === 'UsageError') return { line: oneLine, exitCode: 2 };
  if (expected.has(error.name)) return { line: oneLine, exitCode: 1 };
  const system = systemMessage(error as NodeJS.ErrnoException);
  return { line: system ?? `unexpected ${error.name}: ${oneLine} (set FQSR_DEBUG=1 for the details)`, exitCode: 1 };
}

function systemMessage({ code, path }: NodeJS.ErrnoException): string | null {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'does not exist (check the path)',
    EACCES: 'may not be accessed (check its permissions)',
    EPERM: 'may not be accessed (check its permissions)',
    EISDIR: 'must be a file, got a folder (name a file in it)',
    ENOTDIR: 'lies below a file, not a folder (choose another path)',
    EROFS: 'lies on a read-only file system (choose another path)',
    ENOSPC: 'cannot be written: the disk is full (free some space)',
  };
  const reason = code === undefined ? undefined : reasons[code];
  return reason && path ? `${path} ${reason}` : null;
}
