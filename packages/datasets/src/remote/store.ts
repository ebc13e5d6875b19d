/**
 * The cache of remote data sets: `<cache>/sets/<name>` holds what an archive unpacks to, `<cache>/downloads` what is on its way, and `<cache>/checksums.json`
 * the first checksum seen of each address that has no published one.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { extractArchive } from '../archives/extract.js';
import { archiveFormatOf } from '../archives/registry.js';
import { DatasetError } from '../error.js';
import { sha256File, sha256Text } from './checksum.js';
import { type Downloaded, type DownloadOptions, download } from './download.js';
import type { RemoteArchive, RemoteSet } from './manifest.js';

/** How to fetch. */
export interface FetchOptions extends DownloadOptions {
  /** Folder of the cache; {@link cacheFolder} by default. */
  readonly cache?: string;
  /** A line for people: what is being done. */
  readonly say?: (line: string) => void;
}

/** A data set in the cache. */
export interface FetchedSet {
  readonly name: string;
  /** Folder with everything that was unpacked. */
  readonly folder: string;
  readonly archives: readonly Pick<Downloaded, 'url' | 'bytes' | 'sha256'>[];
  readonly files: number;
  /** Bytes that this call got over the network; 0 when it was there already. */
  readonly transferred: number;
}

type SetRecord = Omit<FetchedSet, 'folder' | 'transferred'>;

const RECORD = '.fqsr-set.json';

/** Where remote data sets are kept: `FQSR_CACHE`, or `fqsr` in the system's folder for caches. */
export function cacheFolder(): string {
  return resolve(process.env['FQSR_CACHE'] || envPaths('fqsr', { suffix: '' }).cache);
}

/** A set in the cache, or `null` when it was not fetched. */
export async function cachedSet(name: string, cache = cacheFolder()): Promise<FetchedSet | null> {
  const folder = join(cache, 'sets', name);
  if (!existsSync(join(folder, RECORD))) return null;
  const record = JSON.parse(await readFile(join(folder, RECORD), 'utf8')) as SetRecord;
  return { ...record, folder, transferred: 0 };
}

/**
 * Makes sure that a set is in the cache: downloads its archives, checks them, unpacks them beside and renames the folder into place as the last step. An archive
 * without a published checksum comes over https (or from this machine) and must be the same every later time.
 *
 * @throws DatasetError in one line; nothing unchecked or half-unpacked ever has the set's name
 *
 * @example
 * const { folder } = await fetchSet(remoteSets[0]); // ~/.cache/fqsr/sets/edsr-benchmark
 */
export async function fetchSet(set: RemoteSet, options: FetchOptions = {}): Promise<FetchedSet> {
  const { cache = cacheFolder(), say = () => {} } = options;
  const known = await cachedSet(set.name, cache);
  if (known) {
    checkSame(set, known);
    return known;
  }
  const folder = join(cache, 'sets', set.name);
  const beside = join(cache, 'sets', `.${set.name}.${randomBytes(4).toString('hex')}.tmp`);
  const archives: Downloaded[] = [];
  const paths: string[] = [];
  let files = 0;
  try {
    for (const archive of set.archives) {
      say(`fetching ${archive.urls[0]}`);
      const path = downloadPath(cache, archive);
      const got = await fetchArchive(archive, path, cache, options);
      say(
        `${basename(path)}: ${got.bytes} bytes, SHA-256 ${got.sha256}${archive.sha256 === null ? ' (no published one; recorded)' : ''}`,
      );
      archives.push(got);
      paths.push(path);
    }
    await mkdir(beside, { recursive: true });
    for (const [i, path] of paths.entries()) {
      say(`unpacking ${basename(path)}`);
      const { bytes } = archives[i]!;
      files += (await extractArchive(path, beside, limitsOf(bytes)).catch((error) => discard(path, error))).files;
    }
    await recordChecksums(set, archives, cache);
    const facts = archives.map(({ url, bytes, sha256 }) => ({ url, bytes, sha256 }));
    const record: SetRecord = { name: set.name, archives: facts, files };
    await writeFile(join(beside, RECORD), `${JSON.stringify(record, null, 2)}\n`);
    await rename(beside, folder);
    for (const path of paths) await rm(path, { force: true });
    return { ...record, folder, transferred: archives.reduce((sum, { transferred }) => sum + transferred, 0) };
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

/** What cannot be unpacked is not kept: the next fetch asks for it anew. */
async function discard(path: string, error: unknown): Promise<never> {
  await rm(path, { force: true });
  throw error;
}

/** Photographs hardly shrink: an archive that unpacks to a hundred times its size is a bomb. */
function limitsOf(bytes: number): { bytes: number; entries: number } {
  return { bytes: Math.min(2 ** 40, 100 * bytes + 2 ** 24), entries: 5_000_000 };
}

function downloadPath(cache: string, { urls }: RemoteArchive): string {
  const file = basename(new URL(urls[0]).pathname);
  const { extension } = archiveFormatOf(file);
  const stem = file.slice(0, -extension.length).replace(/[^A-Za-z0-9_-]/g, '_');
  return join(cache, 'downloads', `${stem}-${sha256Text(urls[0]).slice(0, 8)}${extension}`);
}

/** A download checked by the published checksum, or by the one recorded at first. */
async function fetchArchive(
  archive: RemoteArchive,
  path: string,
  cache: string,
  options: FetchOptions,
): Promise<Downloaded> {
  const address = archive.urls[0];
  const recorded = await readRecords(join(cache, 'checksums.json'));
  const expected = archive.sha256 ?? recorded[address] ?? null;
  if (expected === null) checkTrustworthy(archive);
  if (existsSync(path)) {
    // A process that ended between renaming and unpacking left it.
    const { size } = await stat(path);
    if (expected !== null && (await sha256File(path)) === expected) {
      return { url: address, bytes: size, sha256: expected, transferred: 0 };
    }
    await rm(path);
  }
  return download({ ...archive, sha256: expected }, path, options);
}

/** Remembers the checksums of archives that have no published one, once they proved to be archives. */
async function recordChecksums(set: RemoteSet, archives: readonly Downloaded[], cache: string): Promise<void> {
  const path = join(cache, 'checksums.json');
  const fresh = set.archives.flatMap(({ urls, sha256 }, i) =>
    sha256 === null ? [[urls[0], archives[i]!.sha256]] : [],
  );
  if (fresh.length === 0) return;
  const beside = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  await writeFile(
    beside,
    `${JSON.stringify({ ...(await readRecords(path)), ...Object.fromEntries(fresh) }, null, 2)}\n`,
  );
  await rename(beside, path);
}

async function readRecords(path: string): Promise<Readonly<Record<string, string>>> {
  if (!existsSync(dirname(path)) || !existsSync(path)) return {};
  return JSON.parse(await readFile(path, 'utf8')) as Record<string, string>;
}

/** Without a checksum only the connection can vouch for the bytes. */
function checkTrustworthy({ urls }: RemoteArchive): void {
  for (const url of urls) {
    const { protocol, hostname } = new URL(url);
    if (protocol === 'https:' || ['127.0.0.1', '[::1]', 'localhost'].includes(hostname)) continue;
    throw new DatasetError('fetch', `${url} must be https when no SHA-256 is known`, 'give the SHA-256, or use https');
  }
}

/** A cached set must have the checksums that are asked for. */
function checkSame(set: RemoteSet, known: FetchedSet): void {
  for (const [i, { sha256 }] of set.archives.entries()) {
    const have = known.archives[i]?.sha256;
    if (sha256 === null || sha256 === have) continue;
    throw new DatasetError(
      'fetch',
      `the cached ${set.name} must have SHA-256 ${sha256}, got ${have}`,
      `remove ${known.folder} to fetch it again`,
    );
  }
}
