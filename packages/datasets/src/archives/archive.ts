/**
 * What an archive is to those who unpack it.
 */
import { DatasetError } from '../error.js';

/** One entry of an archive, in the archive's order. */
export interface ArchiveEntry {
  /** Path inside the archive, as stored: not to be trusted. */
  readonly name: string;
  /** `link` is any link, `other` a device or the like. */
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  /** Bytes of a file as the archive declares them. */
  readonly size: number;
  /** The bytes of a file. Read it, or not, before the next entry is asked for. */
  readonly content: () => AsyncIterable<Uint8Array>;
}

/** A kind of archive. */
export interface ArchiveFormat {
  readonly name: string;
  /** Endings of file names, lower case. */
  readonly extensions: readonly string[];
  readonly entries: (path: string) => AsyncGenerator<ArchiveEntry, void, undefined>;
}

/** @throws DatasetError always: what is wrong with an archive */
export function damaged(path: string, why: string, cause?: unknown): DatasetError {
  return new DatasetError('extract', `${path} is damaged: ${why}`, 'fetch it again', { cause });
}
