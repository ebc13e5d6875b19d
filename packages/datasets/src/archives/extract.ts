/**
 * Unpacking archives that nobody vouches for: only files and folders, only below the target, and never more than announced.
 */
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatasetError } from '../error.js';
import type { ArchiveEntry } from './archive.js';
import { archiveFormatOf } from './registry.js';

/** What an archive may at most unpack to. */
export interface ExtractLimits {
  /** Bytes of all files together. */
  readonly bytes: number;
  readonly entries: number;
}

/** What was unpacked. */
export interface Extracted {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Unpacks an archive into a folder. Names with `..`, absolute names, links, devices and names that come twice are refused before anything is written for them.
 *
 * @param onProgress hears the files so far
 * @throws DatasetError naming the archive and the entry; the folder then holds a part, to be removed by the caller
 */
export async function extractArchive(
  path: string,
  folder: string,
  limits: ExtractLimits,
  onProgress: (files: number) => void = () => {},
): Promise<Extracted> {
  let entries = 0;
  let files = 0;
  let bytes = 0;
  for await (const entry of archiveFormatOf(path).format.entries(path)) {
    if (++entries > limits.entries) throw refused(path, entry.name, `it has more than ${limits.entries} entries`);
    const parts = safeParts(path, entry);
    if (parts.length === 0) continue;
    const target = join(folder, ...parts);
    if (entry.kind === 'folder') {
      await mkdir(target, { recursive: true });
      continue;
    }
    await mkdir(dirname(target), { recursive: true });
    bytes += await writeEntry(path, entry, target, limits.bytes - bytes);
    onProgress(++files);
  }
  return { files, bytes };
}

/** The folders and the name of an entry, proven to stay below the target. */
function safeParts(path: string, { name, kind }: ArchiveEntry): readonly string[] {
  if (kind === 'link') throw refused(path, name, 'it is a link');
  if (kind === 'other') throw refused(path, name, 'it is neither file nor folder');
  if (/^[/\\]|^[a-zA-Z]:/.test(name)) throw refused(path, name, 'its path is absolute');
  if (name.includes('\0')) throw refused(path, name, 'its path holds a zero');
  const parts = name.split(/[/\\]/).filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw refused(path, name, 'its path leads out of the archive');
  if (kind === 'file' && parts.length === 0) throw refused(path, name, 'it has no name');
  return parts;
}

/** Writes one file, counting what really comes rather than what is declared. */
async function writeEntry(path: string, entry: ArchiveEntry, target: string, most: number): Promise<number> {
  if (entry.size > most) throw refused(path, entry.name, 'the archive unpacks to more than is allowed');
  const file = await open(target, 'wx').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EEXIST') throw refused(path, entry.name, 'it comes twice, or its letters differ only in case');
    throw cause;
  });
  let written = 0;
  try {
    for await (const chunk of entry.content()) {
      written += chunk.length;
      if (written > most) throw refused(path, entry.name, 'the archive unpacks to more than is allowed');
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
  return written;
}

function refused(path: string, name: string, why: string): DatasetError {
  const shown = JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}...` : name);
  return new DatasetError('extract', `${path}: entry ${shown} is refused: ${why}`, 'use an archive from its makers');
}
