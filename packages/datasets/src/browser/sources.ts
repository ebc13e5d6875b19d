/**
 * The kinds of sources that need neither files nor a network.
 */
import type { Source, SourceKind } from '../source.js';
import { deadLeaves } from '../sources/dead-leaves.js';
import { hrOnly } from '../sources/hr-only.js';
import { openKinds } from '../sources/open-kinds.js';
import { severalUnless } from '../sources/several.js';

const registry = /* @__PURE__ */ openKinds([severalUnless(() => false), deadLeaves, hrOnly], 'a known name', '');

/** All kinds of sources in browsers, in the order in which they are asked; those that are registered stand in front. */
export const sourceKinds: readonly SourceKind[] = registry.kinds;

/**
 * Opens a source by what a user wrote: `dead-leaves[:COUNT[:SIZE[:SEED]]]`, `hr:` and one of these, or several with commas between them. Images that a page has got in its own way are a `Source` of its own.
 *
 * @throws DatasetError when nothing matches, listing what is known
 */
export async function openSource(spec: string): Promise<Source> {
  return (await registry.open(spec)).source;
}

/** Makes a kind of sources known to `openSource`. @throws DatasetError when the name is taken or empty, or a function is missing */
export function registerSourceKind(kind: SourceKind): void {
  registry.add(kind);
}
