import { type Entry, openPromise } from 'yauzl';
import { type ArchiveEntry, type ArchiveFormat, damaged } from './archive.js';

/** Zip files, of more than 4 GiB too. */
export const zip = {
  name: 'zip',
  extensions: ['.zip'],
  entries: zipEntries,
} satisfies ArchiveFormat;

async function* zipEntries(path: string): AsyncGenerator<ArchiveEntry, void, undefined> {
  const guard = async <T>(work: Promise<T>): Promise<T> =>
    work.catch((cause: Error) => {
      throw damaged(path, cause.message, cause);
    });
  const file = await guard(openPromise(path, { autoClose: false, lazyEntries: true }));
  try {
    const entries = file.eachEntry();
    for (;;) {
      const { done, value: entry } = await guard(entries.next());
      if (done) return;
      const content = async function* () {
        const stream = await guard(file.openReadStreamPromise(entry));
        try {
          yield* stream as AsyncIterable<Uint8Array>;
        } catch (cause) {
          throw damaged(path, `${entry.fileName}: ${(cause as Error).message}`, cause);
        }
      };
      yield { name: entry.fileName, kind: kindOf(entry), size: entry.uncompressedSize, content };
    }
  } finally {
    file.close();
  }
}

/** By the Unix mode in the upper half of the attributes, where there is one. */
function kindOf({ fileName, externalFileAttributes }: Entry): ArchiveEntry['kind'] {
  const type = (externalFileAttributes >>> 16) & 0o170000;
  if (type === 0o120000) return 'link';
  if (fileName.endsWith('/')) return 'folder';
  return type === 0 || type === 0o100000 ? 'file' : 'other';
}
