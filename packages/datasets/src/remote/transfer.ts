/**
 * One HTTP request that writes to a partial file, going on where the last one stopped.
 */
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { downgradeOf } from '../archives/http.js';
import { DatasetError } from '../error.js';

/** A transfer that failed, and what that means: ask again, ask elsewhere, start over, or ask elsewhere and without the part. */
export class TransferError extends Error {
  override readonly name = 'TransferError';
  readonly next: 'retry' | 'elsewhere' | 'restart' | 'spoilt';

  constructor(message: string, next: TransferError['next'], options?: ErrorOptions) {
    super(message, options);
    this.next = next;
  }
}

/** A partial file that is open for writing: what `open` of `node:fs/promises` gives. */
export interface PartFile {
  readonly writeFile: (chunk: Uint8Array) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What a transfer needs to know. */
export interface TransferOptions {
  /** Bytes that the whole must have; `null` when nobody knows. */
  readonly bytes: number | null;
  /** Whether the whole will be checked by a checksum: then a part may go on without proof that the server still has the same file. */
  readonly verified: boolean;
  /** Bytes that are written at most. */
  readonly maxBytes: number;
  /** Milliseconds without a byte after which the connection counts as cut. */
  readonly idleMs: number;
  readonly signal: AbortSignal | undefined;
  /** Opens the partial file, anew (`w`) or at its end (`a`). */
  readonly openPart: (path: string, flags: 'w' | 'a') => Promise<PartFile>;
  readonly onProgress: (done: number, total: number | null) => void;
}

/** What is known of a partial file: which server's file it is a part of. */
interface PartState {
  readonly url: string;
  /** A strong ETag or a date, for `If-Range`. */
  readonly validator: string | null;
}

const stateOf = (part: string) => `${part}.json`;

/** Bytes of a partial file. */
export async function sizeOf(part: string): Promise<number> {
  return (await stat(part).catch(() => null))?.size ?? 0;
}

/** Forgets a partial file. */
export async function forget(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(stateOf(part), { force: true });
}

/**
 * Requests an address and writes its body to a partial file, from the first missing byte on where the server can.
 *
 * @returns bytes that came over the network
 * @throws TransferError when the whole is not there; the part stays for the next try
 */
export async function transfer(url: string, part: string, options: TransferOptions): Promise<number> {
  const { bytes, maxBytes, idleMs, signal, openPart, onProgress } = options;
  const have = await resumable(url, part, options);
  if (have > 0 && have === bytes) return 0;
  const idle = new AbortController();
  const stop = signal ? AbortSignal.any([signal, idle.signal]) : idle.signal;
  const cut = () => idle.abort(new Error(`nothing came for ${Math.round(idleMs / 1000)} s`));
  let timer = setTimeout(cut, idleMs);
  try {
    const response = await request(url, have, await readState(part), stop);
    const { from, total } = await placeOf(response, have, part, options);
    if (total !== null && bytes !== null && total !== bytes) {
      throw new TransferError(`it must have ${bytes} bytes, got ${total}`, 'elsewhere');
    }
    if ((total ?? 0) > maxBytes)
      throw new TransferError(`it must have at most ${maxBytes} bytes, got ${total}`, 'elsewhere');
    await writeFile(stateOf(part), JSON.stringify({ url, validator: validatorOf(response) } satisfies PartState));
    const file = await openPart(part, from === 0 ? 'w' : 'a').catch(diskFailure(part));
    let done = from;
    try {
      for await (const chunk of response.body ?? []) {
        clearTimeout(timer);
        timer = setTimeout(cut, idleMs);
        done += chunk.length;
        if (done > (bytes ?? maxBytes))
          throw new TransferError(`it is longer than ${bytes ?? maxBytes} bytes`, 'spoilt');
        await file.writeFile(chunk).catch(diskFailure(part));
        onProgress(done, total ?? bytes);
      }
    } finally {
      await file.close();
    }
    const whole = total ?? bytes;
    if (whole !== null && done !== whole) throw new TransferError(`${done} of ${whole} bytes came`, 'retry');
    return done - from;
  } catch (error) {
    if (error instanceof TransferError) {
      if (error.next === 'spoilt') await forget(part);
      throw error;
    }
    if (error instanceof DatasetError) throw error;
    if (signal?.aborted) throw signal.reason;
    throw networkFailure(idle.signal.aborted ? idle.signal.reason : error);
  } finally {
    clearTimeout(timer);
    idle.abort();
  }
}

/** Bytes of the part that may be kept: all, or none. */
async function resumable(url: string, part: string, { bytes, verified }: TransferOptions): Promise<number> {
  const have = await sizeOf(part);
  const state = await readState(part);
  const trusted = state !== null && (verified || (state.url === url && state.validator !== null));
  if (have > 0 && trusted && have <= (bytes ?? Number.POSITIVE_INFINITY)) return have;
  await forget(part);
  return 0;
}

async function request(url: string, have: number, state: PartState | null, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (have > 0) {
    headers['range'] = `bytes=${have}-`;
    if (state?.validator && state.url === url) headers['if-range'] = state.validator;
  }
  const response = await fetch(url, { headers, signal, redirect: 'follow' });
  const downgraded = downgradeOf(url, response.url);
  if (downgraded !== null) {
    await response.body?.cancel();
    throw new TransferError(downgraded, 'elsewhere');
  }
  return response;
}

/** Where the body of a response begins, and how long the whole is. */
async function placeOf(
  response: Response,
  have: number,
  part: string,
  { bytes }: TransferOptions,
): Promise<{ from: number; total: number | null }> {
  const { status, headers } = response;
  if (status === 200) {
    const length = headers.get('content-length');
    const plain = headers.get('content-encoding') === null;
    return { from: 0, total: length !== null && plain ? Number(length) : null };
  }
  if (status === 206) {
    const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
    if (Number(start) === have) return { from: have, total: total === '*' ? bytes : Number(total) };
  }
  await response.body?.cancel();
  if (status === 206 || status === 416) {
    await forget(part);
    throw new TransferError(`the server answers a request for bytes ${have}- with others`, 'restart');
  }
  const again = status >= 500 || status === 408 || status === 429;
  throw new TransferError(`the server answers ${status} ${response.statusText}`.trim(), again ? 'retry' : 'elsewhere');
}

/** A weak ETag does not promise the same bytes. */
function validatorOf({ headers }: Response): string | null {
  const etag = headers.get('etag');
  return etag && !etag.startsWith('W/') ? etag : headers.get('last-modified');
}

async function readState(part: string): Promise<PartState | null> {
  try {
    return JSON.parse(await readFile(stateOf(part), 'utf8')) as PartState;
  } catch {
    return null;
  }
}

/** What the disk refuses is nothing that asking again would cure. */
function diskFailure(part: string): (cause: NodeJS.ErrnoException) => never {
  return (cause) => {
    const why = cause.code === 'ENOSPC' ? 'the disk is full' : (cause.code ?? cause.message);
    throw new DatasetError('download', `${part} cannot be written: ${why}`, 'free some space, or set FQSR_CACHE', {
      cause,
    });
  };
}

/** Node's fetch says "fetch failed" or "terminated" and hides the reason below. */
function networkFailure(error: unknown): TransferError {
  let deepest = error as Error & { code?: string };
  while (deepest.cause instanceof Error) deepest = deepest.cause as typeof deepest;
  const { code, message } = deepest;
  const offline = ['ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH', 'ECONNREFUSED'].includes(code ?? '');
  const reason = offline ? `it cannot be reached (${code})` : `the connection was cut (${code ?? message})`;
  return new TransferError(reason, offline ? 'elsewhere' : 'retry', { cause: error });
}
