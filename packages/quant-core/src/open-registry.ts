import { QuantError } from './error.js';
import { find } from './find.js';

/** Named entries of one kind: the built-in ones, and those that other code adds. */
export interface OpenRegistry<T> {
  /** The entry of that name. @throws QuantError listing the known names */
  readonly find: (name: string, kind?: string) => T;
  /** Adds an entry. @throws QuantError when its name is taken or not a name, or a function is missing */
  readonly add: (entry: T) => void;
}

/**
 * A registry that other code may add to, for entries that plans and files refer to by name. Built-in entries are never replaced, so a plan means the same
 * everywhere.
 *
 * @param kind what the entries are, for messages, e.g. `quantizer`
 * @param where the public function that adds, for messages
 * @param functions fields that must be functions
 */
export function openRegistry<T extends { readonly name: string }>(
  builtIn: Readonly<Record<string, T>>,
  {
    kind,
    where,
    functions,
  }: { readonly kind: string; readonly where: string; readonly functions: readonly (keyof T)[] },
): OpenRegistry<T> {
  const all: Record<string, T> = { ...builtIn };
  const refused = (field: string, constraint: string, got: unknown, remedy: string) =>
    new QuantError(where, `${kind}.${field} must be ${constraint}, got ${got}`, remedy);
  return {
    find: (name, path = kind) => find(all, name, path),
    add: (entry) => {
      const name: unknown = entry.name;
      if (typeof name !== 'string' || !/^[a-z][a-z0-9-]*$/.test(name)) {
        throw refused(
          'name',
          'lower-case letters, digits and dashes',
          JSON.stringify(name),
          'for example power-of-two',
        );
      }
      if (Object.hasOwn(all, name)) throw refused('name', 'new', `"${name}", which there is`, 'choose another name');
      for (const field of functions) {
        if (typeof entry[field] === 'function') continue;
        throw refused(String(field), 'a function', typeof entry[field], `see the type of a ${kind}`);
      }
      all[name] = entry;
    },
  };
}
