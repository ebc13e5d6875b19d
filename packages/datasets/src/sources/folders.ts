/**
 * The kinds of sources that are folders, the most specific first.
 */
import { DatasetError } from '../error.js';
import type { Source, SourceKind } from '../source.js';
import { edsr } from './edsr.js';
import { folder } from './folder.js';
import { selfExsr } from './self-exsr.js';

/** All kinds of folders, in the order in which they are asked. */
export const folderKinds: readonly SourceKind[] = [selfExsr, edsr, folder];

/** Opens a folder by its layout. @throws DatasetError when there is no such folder */
export async function openFolder(path: string): Promise<Source> {
  const kind = folderKinds.find((each) => each.matches(path));
  if (kind) return kind.open(path, openFolder);
  throw new DatasetError('openSource', `${path} must be a folder that exists`, 'check the path');
}
