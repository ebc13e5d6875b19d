/**
 * Downloads that are there whole and checked, or not at all.
 */
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatasetError } from '../error.js';
import { sha256File } from './checksum.js';
import { withLock } from './lock.js';
import type { RemoteArchive } from './manifest.js';
import { forget, type PartFile, sizeOf, TransferError, transfer } from './transfer.js';

/** How to download. */
export interface DownloadOptions {
  /** Bytes that are written at most; 64 GiB by default. */
  readonly maxBytes?: number;
  /** Milliseconds without a byte after which a connection counts as cut; 60,000 by default. */
  readonly idleMs?: number;
  /** Requests in a row that may fail without a new byte before the next address is asked; 4 by default. */
  readonly attempts?: number;
  /** Milliseconds before the second request, doubled for each further one; 500 by default. */
  readonly retryMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Opens the file that is written to; `open` of `node:fs/promises` by default. */
  readonly openPart?: (path: string, flags: 'w' | 'a') => Promise<PartFile>;
  /** Hears bytes that are there and, where known, all bytes. */
  readonly onProgress?: ((done: number, total: number | null) => void) | undefined;
}

/** A file that was downloaded. */
export interface Downloaded {
  readonly url: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Bytes that this call got over the network; fewer than `bytes` when it went on with a part. */
  readonly transferred: number;
}

/**
 * Downloads an archive to a path. The bytes go to `<path>.part`; only when size and SHA-256 are right is it renamed. A connection that was cut, now or in an
 * earlier process, goes on where it stopped, provided that the server vouches by `If-Range` that the file is the same, or that a checksum will tell.
 *
 * @throws DatasetError in one line naming the addresses and what each of them did; a part that may be right stays
 *
 * @example
 * await download({ urls: ['https://example.org/a.zip'], bytes: null, sha256: '9f86...' }, 'cache/a.zip');
 */
export async function download(
  archive: RemoteArchive,
  path: string,
  options: DownloadOptions = {},
): Promise<Downloaded> {
  await mkdir(dirname(path), { recursive: true });
  return withLock(`${path}.lock`, async () => {
    const failures: string[] = [];
    for (const url of archive.urls) {
      try {
        return await downloadFrom(url, archive, path, options);
      } catch (error) {
        if (!(error instanceof TransferError)) throw error;
        failures.push(`${url}: ${error.message}`);
      }
    }
    const kept = await sizeOf(`${path}.part`);
    const remedy = kept > 0 ? `${kept} bytes are kept: try again to go on` : 'check the connection and the address';
    throw new DatasetError('download', `no address gave the file: ${failures.join('; ')}`, remedy);
  });
}

async function downloadFrom(
  url: string,
  { bytes, sha256 }: RemoteArchive,
  path: string,
  options: DownloadOptions,
): Promise<Downloaded> {
  const {
    maxBytes = 64 * 2 ** 30,
    idleMs = 60_000,
    attempts = 4,
    retryMs = 500,
    signal,
    openPart = open,
    onProgress,
  } = options;
  const part = `${path}.part`;
  let transferred = 0;
  let resumed = (await sizeOf(part)) > 0;
  for (let failed = 0; ; ) {
    const before = await sizeOf(part);
    try {
      const onBytes = onProgress ?? (() => {});
      const rules = { bytes, verified: sha256 !== null, maxBytes, idleMs, signal, openPart, onProgress: onBytes };
      transferred += await transfer(url, part, rules);
      const got = await sha256File(part);
      if (sha256 === null || got === sha256) {
        const size = await sizeOf(part);
        await rename(part, path);
        await forget(part);
        return { url, bytes: size, sha256: got, transferred };
      }
      await forget(part);
      throw new TransferError(`its SHA-256 must be ${sha256}, got ${got}`, resumed ? 'restart' : 'elsewhere');
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      if (error.next === 'elsewhere' || error.next === 'spoilt') throw error;
      const now = await sizeOf(part);
      transferred += Math.max(0, error.next === 'retry' ? now - before : 0);
      failed = now > before ? 0 : failed + 1;
      if (failed >= attempts) throw error;
      resumed = now > 0;
      await sleep(retryMs * 2 ** failed, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
    }
  }
}
