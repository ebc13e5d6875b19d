/**
 * The kinds of sources that need neither files nor a network.
 */
import { DatasetError } from '../error.js';
import type { Source, SourceKind } from '../source.js';
import { deadLeaves } from '../sources/dead-leaves.js';
import { hrOnly } from '../sources/hr-only.js';

/** All kinds of sources in browsers, in the order in which they are asked. */
export const sourceKinds: readonly SourceKind[] = [deadLeaves, hrOnly];

/**
 * Opens a source by what a user wrote: `dead-leaves[:COUNT[:SIZE[:SEED]]]`. Images that a page has got in its own way are a `Source` of its own.
 *
 * @throws DatasetError when nothing matches, listing what is known
 */
export async function openSource(spec: string): Promise<Source> {
  const kind = sourceKinds.find((each) => each.matches(spec));
  if (kind) return kind.open(spec, openSource);
  const known = sourceKinds.map(({ description }) => description).join('; ');
  throw new DatasetError(
    'openSource',
    `source must be a known name, got ${JSON.stringify(spec)}`,
    `known are ${known}`,
  );
}
