import { QuantError } from './error.js';

/** Looks a name up in a registry. @throws QuantError listing the known names */
export function find<T>(registry: Readonly<Record<string, T>>, name: string, kind: string): T {
  const entry = Object.hasOwn(registry, name) ? registry[name] : undefined;
  if (entry === undefined) {
    throw new QuantError(
      'find',
      `${kind} must be one of ${Object.keys(registry).join(', ')}, got "${name}"`,
      'use a known name',
    );
  }
  return entry;
}
