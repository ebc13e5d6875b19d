/**
 * The kinds of archives. A new one is a file beside this one and a line here.
 */
import { DatasetError } from '../error.js';
import type { ArchiveFormat } from './archive.js';
import { tar, tarGz } from './tar.js';
import { zip } from './zip.js';

/** All kinds of archives. */
export const archiveFormats: readonly ArchiveFormat[] = [zip, tarGz, tar];

/** The kind of an archive by its file name. @throws DatasetError listing the endings that are known */
export function archiveFormatOf(name: string): { readonly format: ArchiveFormat; readonly extension: string } {
  for (const format of archiveFormats) {
    const extension = format.extensions.find((each) => name.toLowerCase().endsWith(each));
    if (extension) return { format, extension };
  }
  const known = archiveFormats.flatMap(({ extensions }) => extensions).join(', ');
  throw new DatasetError('extract', `an archive must end in one of ${known}, got ${name}`, 'use one of them');
}
