/**
 * What a remote data set is: facts about archives, and where they lie.
 */

/** One archive. */
export interface RemoteArchive {
  /** The same bytes at several places, asked in this order. */
  readonly urls: readonly [string, ...string[]];
  /** Bytes of the archive; `null` where that is not certain. */
  readonly bytes: number | null;
  /** SHA-256 in lower-case hexadecimal; `null` where it is not certain: then the first one seen is recorded and demanded from then on. */
  readonly sha256: string | null;
}

/** A data set made of archives that are unpacked into one folder. */
export interface RemoteSet {
  /** Letters, digits, `.`, `_` and `-`; opened as `remote/<name>`. */
  readonly name: string;
  /** One line: what is in it, and whose it is. */
  readonly description: string;
  readonly archives: readonly [RemoteArchive, ...RemoteArchive[]];
  /** Folder inside that `remote/<name>` opens and that `remote/<name>/FOLDER` starts from; empty for the whole. */
  readonly root: string;
}
