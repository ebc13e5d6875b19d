/** Files of torch.save since 1.6: a zip archive with the pickle `<name>/data.pkl` and a file `<name>/data/<key>` for each storage. */
import { type FileEntry, Uint8ArrayReader, Uint8ArrayWriter, ZipReader } from '@zip.js/zip.js';
import { dtypes } from '../dtypes.js';
import { unreadable } from '../tensor.js';
import { Cursor } from './bytes.js';
import type { TorchFile } from './legacy.js';
import { readPickle } from './pickle.js';
import { storageOf } from './storage.js';

/** Longest pickle that is read; those of networks have some 100 kB. */
const MAX_PICKLE_BYTES = 64 * 2 ** 20;
/** Longest storage that is read. */
const MAX_STORAGE_BYTES = 2 ** 30;

/** Reads a zip file of torch.save. @throws ModelError when it is damaged or holds more than data */
export async function readZip(bytes: Uint8Array): Promise<TorchFile> {
  const entries = await entriesOf(bytes);
  const pickle = [...entries.keys()].find((name) => /^[^/]*\/?data\.pkl$/.test(name));
  if (pickle === undefined) {
    throw unreadable('archive must hold data.pkl, got none', 'give a file that torch.save wrote, not another archive');
  }
  const root = pickle.slice(0, -'data.pkl'.length);
  if ([...entries.keys()].some((name) => name.startsWith(`${root}code/`))) {
    throw unreadable(
      'file must hold weights, got a TorchScript program',
      'save torch.jit.load(path).state_dict() by torch.save',
    );
  }
  const read = (name: string, limit: number): Promise<Uint8Array> =>
    readEntry(entries.get(`${root}${name}`), name, limit);
  if (entries.has(`${root}byteorder`)) {
    const order = new TextDecoder().decode(await read('byteorder', 16));
    if (order !== 'little') throw unreadable(`byte order must be little, got ${order}`, 'save it on another machine');
  }
  return {
    object: readPickle(new Cursor(await read('data.pkl', MAX_PICKLE_BYTES)), storageOf),
    bytesOf: ({ key, start, length, dtype }) =>
      read(`data/${key}`, Math.min(MAX_STORAGE_BYTES, (start + length) * dtypes[dtype].bytes)),
  };
}

async function entriesOf(bytes: Uint8Array): Promise<ReadonlyMap<string, FileEntry>> {
  const reader = new ZipReader(new Uint8ArrayReader(bytes), { useWebWorkers: false, checkCrc32: true });
  try {
    const all = await reader.getEntries();
    return new Map(all.flatMap((entry) => (entry.directory ? [] : [[entry.filename, entry as FileEntry]])));
  } catch (cause) {
    throw unreadable(`archive must be a zip file, got: ${(cause as Error).message}`);
  }
}

async function readEntry(entry: FileEntry | undefined, name: string, limit: number): Promise<Uint8Array> {
  if (!entry) throw unreadable(`archive must hold ${name}, got none`);
  const { uncompressedSize } = entry;
  if (uncompressedSize > limit) throw unreadable(`${name} must have at most ${limit} bytes, got ${uncompressedSize}`);
  let content: Uint8Array;
  try {
    content = await entry.getData(new Uint8ArrayWriter(), { useWebWorkers: false, checkCrc32: true });
  } catch (cause) {
    throw unreadable(`${name} must be whole, got: ${(cause as Error).message}`);
  }
  if (content.length === uncompressedSize) return content;
  throw unreadable(`${name} must have ${uncompressedSize} bytes, got ${content.length}`);
}
