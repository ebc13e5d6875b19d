/**
 * The kinds of sources. A new one is a file beside this one and a line here; the first that matches wins.
 */
import { DatasetError } from '../error.js';
import type { Source, SourceKind } from '../source.js';
import { deadLeaves } from './dead-leaves.js';
import { folderKinds } from './folders.js';
import { hrOnly } from './hr-only.js';
import { httpShards } from './http-shards.js';
import { photos } from './photos.js';
import { remote } from './remote.js';
import { shards } from './shards.js';

/** All kinds of sources, in the order in which they are asked. */
export const sourceKinds: readonly SourceKind[] = [
  photos,
  deadLeaves,
  hrOnly,
  remote,
  httpShards,
  shards,
  ...folderKinds,
];

/**
 * Opens a source by what a user wrote: `photos`, `dead-leaves[:COUNT[:SIZE[:SEED]]]`, `remote/NAME[/FOLDER]`, `shards/train-{000..009}.tar`, the same behind an http(s) address, a folder, or `hr:` and one of these.
 *
 * @throws DatasetError when nothing matches, listing what is known
 *
 * @example
 * const source = await openSource('dead-leaves:64:192:7'); // 64 images of 192x192, seed 7
 */
export async function openSource(spec: string): Promise<Source> {
  const kind = sourceKinds.find((each) => each.matches(spec));
  if (kind) return kind.open(spec, openSource);
  const known = sourceKinds.map(({ description }) => description).join('; ');
  throw new DatasetError(
    'openSource',
    `source must be a known name or a folder that exists, got ${JSON.stringify(spec)}, which is neither`,
    `known are ${known}`,
  );
}
