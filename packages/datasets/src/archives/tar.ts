import { createReadStream } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type ArchiveEntry, type ArchiveFormat, damaged } from './archive.js';
import { readStream } from './bytes.js';
import { tarEntries } from './tar-entries.js';

/** Tar files. */
export const tar = {
  name: 'tar',
  extensions: ['.tar'],
  entries: (path) => tarEntries(readStream(createReadStream(path)), path),
} satisfies ArchiveFormat;

/** Tar files under gzip. */
export const tarGz = {
  name: 'tar.gz',
  extensions: ['.tar.gz', '.tgz'],
  entries: gunzipped,
} satisfies ArchiveFormat;

async function* gunzipped(path: string): AsyncGenerator<ArchiveEntry, void, undefined> {
  const gunzip: Readable = pipeline(createReadStream(path), createGunzip(), () => undefined);
  try {
    yield* tarEntries(readStream(gunzip), path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code?.startsWith('Z_') || code === 'ERR_STREAM_PREMATURE_CLOSE') throw damaged(path, message, cause);
    throw cause;
  } finally {
    gunzip.destroy();
  }
}
