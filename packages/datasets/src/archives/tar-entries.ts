/**
 * The entries of a tar file, one after the other. Headers are decoded by the package `tar`; contents are passed over unless they are asked for.
 */
import { Header, type HeaderData, Pax } from 'tar';
import { type ArchiveEntry, damaged } from './archive.js';
import type { ByteReader } from './bytes.js';

const BLOCK = 512;
/** Bytes of a long name or an extended header that are read at most. */
const MOST_META = 2 ** 20;
/** Bytes of a content that are held at once. */
const CHUNK = 2 ** 16;

/** An entry, and where its bytes begin. */
export interface TarEntry extends ArchiveEntry {
  readonly offset: number;
}

const kinds: Readonly<Record<string, ArchiveEntry['kind']>> = {
  File: 'file',
  OldFile: 'file',
  ContiguousFile: 'file',
  Directory: 'folder',
  GNUDumpDir: 'folder',
  Link: 'link',
  SymbolicLink: 'link',
};
const extended = ['ExtendedHeader', 'OldExtendedHeader', 'GlobalExtendedHeader'];
const longNames = ['NextFileHasLongPath', 'OldGnuLongPath'];

/**
 * @param path what is read, for messages
 * @throws DatasetError when a header is wrong or the end is missing
 */
export async function* tarEntries(reader: ByteReader, path: string): AsyncGenerator<TarEntry, void, undefined> {
  let own: HeaderData = {};
  let global: HeaderData = {};
  for (;;) {
    const block = await reader.read(BLOCK);
    if (block.length < BLOCK) throw damaged(path, 'it ends before its end mark');
    const header = new Header(block, 0, own, global);
    if (header.nullBlock) return;
    if (!header.cksumValid) throw damaged(path, `there is no tar header at byte ${reader.position() - BLOCK}`);
    const size = header.size ?? 0;
    const offset = reader.position();
    const end = offset + Math.ceil(size / BLOCK) * BLOCK;
    if (
      extended.includes(header.type) ||
      longNames.includes(header.type) ||
      header.type === 'NextFileHasLongLinkpath'
    ) {
      if (size > MOST_META) throw damaged(path, `a header of ${size} bytes is too long`);
      const text = (await reader.read(size)).toString('utf8');
      if (longNames.includes(header.type)) own = { ...own, path: text.replace(/\0.*$/s, '') };
      else if (header.type === 'GlobalExtendedHeader') global = Pax.parse(text, global, true);
      else if (extended.includes(header.type)) own = Pax.parse(text, own);
    } else {
      const name = own.path ?? header.path ?? '';
      yield { name, kind: kinds[header.type] ?? 'other', size, offset, content: () => contentOf(reader, path, size) };
      own = {};
    }
    if (!(await reader.skip(end - reader.position()))) throw damaged(path, 'it is cut');
  }
}

async function* contentOf(reader: ByteReader, path: string, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let left = size; left > 0; ) {
    const chunk = await reader.read(Math.min(left, CHUNK));
    if (chunk.length === 0) throw damaged(path, 'it is cut');
    left -= chunk.length;
    yield chunk;
  }
}
