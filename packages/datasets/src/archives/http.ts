/**
 * Files behind an address: read in order or from anywhere, without a copy on disk, over connections that may be cut.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DatasetError } from '../error.js';

/** How patient a reader is. */
export interface HttpOptions {
  /** Requests in a row that may fail without a new byte; 4 by default. */
  readonly attempts?: number;
  /** Milliseconds before the second request, doubled for each further one; 500 by default. */
  readonly retryMs?: number;
  /** Milliseconds without a byte after which a connection counts as cut; 60,000 by default. */
  readonly idleMs?: number;
}

/** A file behind an address. Every answer of the server must have the size and the validator that the first one had. */
export interface RemoteFile {
  readonly url: string;
  /** `null` where the server does not tell. */
  readonly size: number | null;
  /** ETag or date; `null` where the server gives none. */
  readonly validator: string | null;
  /** Whether the server gives parts of the file. Where it does not, whatever comes before a part is read and thrown away. */
  readonly ranges: boolean;
  /**
   * The bytes from `from` to before `to`, or to the end. A connection that is cut is made again and goes on at the byte where it stopped.
   *
   * @throws DatasetError when the server refuses, gives up, has another file by now, or sends more or fewer bytes than it says
   */
  readonly bytes: (from: number, to?: number) => AsyncGenerator<Uint8Array, void, undefined>;
}

/** A failure that another request may cure. */
class Cut extends Error {}

/**
 * Asks a server for a file's size and whether it gives parts.
 *
 * @throws DatasetError in one line when the server cannot be reached or refuses
 */
export async function openRemoteFile(url: string, options: HttpOptions = {}): Promise<RemoteFile> {
  const facts = await retrying(url, options, async () => {
    const over = new AbortController();
    try {
      const response = await request(url, 'bytes=0-0', over.signal, options);
      // Read to its end, a connection serves the next request too.
      if (response.status === 206) await patiently(response.arrayBuffer(), options);
      return factsOf(response);
    } finally {
      over.abort();
    }
  });
  return { url, ...facts, bytes: (from, to) => bytesOf(url, facts, from, to, options) };
}

type Facts = Pick<RemoteFile, 'size' | 'validator' | 'ranges'>;

function factsOf({ status, headers }: Response): Facts {
  const validator = headers.get('etag') ?? headers.get('last-modified');
  const total = /^bytes \d+-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1];
  if (status === 206) return { size: total === undefined ? null : Number(total), validator, ranges: true };
  const length = headers.get('content-encoding') === null ? headers.get('content-length') : null;
  return { size: length === null ? null : Number(length), validator, ranges: false };
}

async function* bytesOf(
  url: string,
  facts: Facts,
  from: number,
  to: number | undefined,
  options: HttpOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const end = to ?? facts.size ?? Number.POSITIVE_INFINITY;
  const { attempts = 4, retryMs = 500 } = options;
  let at = from;
  for (let failed = 0; at < end; ) {
    try {
      for await (const chunk of oneRequest(url, facts, at, end, options)) {
        at += chunk.length;
        failed = 0;
        yield chunk;
      }
      if (end === Number.POSITIVE_INFINITY || at === end) return;
      throw new Cut(`it ended at byte ${at} of ${end}`);
    } catch (error) {
      if (!(error instanceof Cut)) throw error;
      if (++failed >= attempts) throw givenUp(url, error);
      await sleep(retryMs * 2 ** (failed - 1));
    }
  }
}

/** What one request gives of the bytes from `from` to before `to`. */
async function* oneRequest(
  url: string,
  facts: Facts,
  from: number,
  to: number,
  options: HttpOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const whole = from === 0 && to === (facts.size ?? Number.POSITIVE_INFINITY);
  const last = to === Number.POSITIVE_INFINITY ? '' : String(to - 1);
  const over = new AbortController();
  try {
    const range = facts.ranges && !whole ? `bytes=${from}-${last}` : null;
    const response = await request(url, range, over.signal, options);
    const { body, status, headers } = response;
    if (!body) throw new Cut('it has no body');
    const reader = body.getReader();
    const start = status === 206 ? Number(/^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1]) : 0;
    checkSame(url, facts, factsOf(response));
    if (status === 206 && start !== from) throw wrong(url, `it was asked for byte ${from} and sends byte ${start}`);
    const isEnough = (at: number) => status === 200 && at >= to && to !== facts.size;
    for (let at = start; !isEnough(at); ) {
      const { done, value } = await patiently(reader.read(), options);
      if (done) return;
      const chunk: Uint8Array = value;
      const wanted = chunk.subarray(Math.max(0, from - at), Math.min(chunk.length, to - at));
      at += chunk.length;
      if (status === 206 && at > to) throw wrong(url, `it sends more than the bytes to ${to}`);
      if (wanted.length > 0) yield wanted;
    }
  } finally {
    over.abort();
  }
}

/** An answer of status 200 or 206. The caller aborts the signal when the body is done with. */
async function request(
  url: string,
  range: string | null,
  signal: AbortSignal,
  options: HttpOptions,
): Promise<Response> {
  const headers = { 'accept-encoding': 'identity', ...(range !== null && { range }) };
  const response = await patiently(fetch(url, { headers, signal }), options);
  const { status, statusText } = response;
  const downgraded = downgradeOf(url, response.url);
  if (downgraded === null && (status === 200 || status === 206)) return response;
  if (downgraded !== null) throw wrong(url, downgraded);
  if (status >= 500 || status === 408 || status === 429) throw new Cut(`the server answers ${status}`);
  throw new DatasetError(
    'fetch',
    `${url} must be there, the server answers ${`${status} ${statusText}`.trim()}`,
    'check the address',
  );
}

/** What is wrong with having been led from one address to another: `null` where nothing is. Who asks for https must not get plain http. */
export function downgradeOf(from: string, to: string): string | null {
  return from.startsWith('https:') && !to.startsWith('https:') ? `it redirects from https to ${to}` : null;
}

/** Waits, but not forever; what `fetch` and its streams throw is a cut connection. */
async function patiently<T>(work: Promise<T>, { idleMs = 60_000 }: HttpOptions): Promise<T> {
  const over = new AbortController();
  const silence = sleep(idleMs, undefined, { signal: over.signal }).then(() => {
    throw new Cut(`nothing came for ${Math.round(idleMs / 1000)} s`);
  });
  silence.catch(() => undefined);
  try {
    return await Promise.race([work, silence]);
  } catch (cause) {
    throw cause instanceof Cut ? cause : new Cut(deepestReason(cause), { cause });
  } finally {
    over.abort();
  }
}

/** Node's fetch says "fetch failed" or "terminated" and hides the reason below. */
function deepestReason(error: unknown): string {
  let deepest = error as Error & { code?: string };
  while (deepest.cause instanceof Error) deepest = deepest.cause as typeof deepest;
  return deepest.code ?? deepest.message;
}

async function retrying<T>(
  url: string,
  { attempts = 4, retryMs = 500 }: HttpOptions,
  work: () => Promise<T>,
): Promise<T> {
  for (let failed = 0; ; ) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Cut)) throw error;
      if (++failed >= attempts || error.message === 'ECONNREFUSED') throw givenUp(url, error);
      await sleep(retryMs * 2 ** (failed - 1));
    }
  }
}

/** A server may leave the size out of some of its answers: then the bytes are counted. */
function checkSame(url: string, { size, validator }: Facts, now: Facts): void {
  if (size !== null && now.size !== null && size !== now.size) {
    throw wrong(url, `it had ${size} bytes and now has ${now.size}`);
  }
  if (validator !== now.validator) throw wrong(url, `it was ${validator} and now is ${now.validator}`);
}

function wrong(url: string, why: string): DatasetError {
  return new DatasetError('fetch', `${url} must be one file that stays the same: ${why}`, 'start over');
}

function givenUp(url: string, cause: Error): DatasetError {
  return new DatasetError('fetch', `${url} cannot be read: ${cause.message}`, 'check the connection', { cause });
}
