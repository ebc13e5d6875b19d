/**
 * The kinds of sources. A new one is a file beside this one and a line here; the first that matches wins.
 */
import { existsSync } from 'node:fs';
import type { Source, SourceKind } from '../source.js';
import { deadLeaves } from './dead-leaves.js';
import { folderKinds } from './folders.js';
import { hrOnly } from './hr-only.js';
import { httpShards } from './http-shards.js';
import { openKinds } from './open-kinds.js';
import { photos } from './photos.js';
import { remote } from './remote.js';
import { severalUnless } from './several.js';
import { shards } from './shards.js';

const registry = /* @__PURE__ */ openKinds(
  [severalUnless(existsSync), photos, deadLeaves, hrOnly, remote, httpShards, shards, ...folderKinds],
  'a known name or a folder that exists',
  ', which is neither',
);

/** All kinds of sources, in the order in which they are asked; those that are registered stand in front. */
export const sourceKinds: readonly SourceKind[] = registry.kinds;

/**
 * Opens a source by what a user wrote: `photos`, `dead-leaves[:COUNT[:SIZE[:SEED]]]`, `remote/NAME[/FOLDER]`, `shards/train-{000..009}.tar`, the same behind an http(s) address, a folder, `hr:` and one of these, or several with commas between them.
 *
 * @throws DatasetError when nothing matches, listing what is known
 *
 * @example
 * const source = await openSource('dead-leaves:64:192:7'); // 64 images of 192x192, seed 7
 */
export async function openSource(spec: string): Promise<Source> {
  return (await registry.open(spec)).source;
}

/** {@link openSource}, with whether built-in kinds alone were asked. */
export const openTold = (spec: string) => registry.open(spec);

/**
 * Makes a kind of sources known to `openSource` and `openPatchStream`, asked before those that there are. Call it once, where the program starts. Worker threads know
 * the built-in kinds alone, so `openPatchStream` makes patches of a registered kind on the calling thread, unless `startWorker` starts one that registers it too.
 *
 * @throws DatasetError when the name is taken or empty, or a function is missing
 *
 * @example
 * registerSourceKind(stripes);
 * const source = await openSource('stripes:8'); // 8 images
 */
export function registerSourceKind(kind: SourceKind): void {
  registry.add(kind);
}
