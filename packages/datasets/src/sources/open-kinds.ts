/**
 * The kinds of sources of one platform, those that other code adds included, and how a spec finds its kind.
 */
import { DatasetError } from '../error.js';
import type { Source, SourceKind } from '../source.js';

/** What {@link openKinds} gives. */
export interface OpenKinds {
  /** All kinds, in the order in which they are asked; grows by those that are added. */
  readonly kinds: readonly SourceKind[];
  /** Adds a kind in front. @throws DatasetError when its name is taken or empty, or a function is missing */
  readonly add: (kind: SourceKind) => void;
  /**
   * Opens a source by its spec, and says whether built-in kinds alone were asked: a worker thread knows no others.
   *
   * @throws DatasetError when nothing matches, listing what is known
   */
  readonly open: (spec: string) => Promise<{ readonly source: Source; readonly isBuiltIn: boolean }>;
}

/**
 * @param expected what a spec must be, for messages
 * @param otherwise what a spec is then that no kind matches, for messages
 */
export function openKinds(builtIn: readonly SourceKind[], expected: string, otherwise: string): OpenKinds {
  const kinds = [...builtIn];
  const kindOf = (spec: string): SourceKind => {
    const kind = kinds.find((each) => each.matches(spec));
    if (kind) return kind;
    const known = kinds.map(({ description }) => description).join('; ');
    throw new DatasetError(
      'openSource',
      `source must be ${expected}, got ${JSON.stringify(spec)}${otherwise}`,
      `known are ${known}`,
    );
  };
  return {
    kinds,
    add: (kind) => {
      checkKind(kind, kinds);
      kinds.unshift(kind);
    },
    open: async (spec) => {
      let isBuiltIn = true;
      const open = async (each: string): Promise<Source> => {
        const kind = kindOf(each);
        isBuiltIn &&= builtIn.includes(kind);
        return kind.open(each, open);
      };
      const source = await open(spec);
      return { source, isBuiltIn };
    },
  };
}

function checkKind(kind: SourceKind, kinds: readonly SourceKind[]): void {
  const refused = (field: string, constraint: string, got: unknown, remedy: string) =>
    new DatasetError('registerSourceKind', `kind.${field} must be ${constraint}, got ${got}`, remedy);
  if (typeof kind.name !== 'string' || kind.name === '') {
    throw refused('name', 'text', JSON.stringify(kind.name), 'for example stripes');
  }
  if (kinds.some(({ name }) => name === kind.name)) {
    throw refused('name', 'new', `"${kind.name}", which there is`, 'choose another name');
  }
  for (const field of ['matches', 'open'] as const) {
    if (typeof kind[field] !== 'function')
      throw refused(field, 'a function', typeof kind[field], 'see the type SourceKind');
  }
}
