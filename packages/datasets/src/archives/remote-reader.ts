/**
 * Reading a file behind an address as if it lay here.
 */
import type { ByteReader } from './bytes.js';
import { readStream } from './bytes.js';
import type { RemoteFile } from './http.js';

/** Bytes that are asked for after a jump, and at most. */
const FIRST_WINDOW = 2 ** 13;
const LARGEST_WINDOW = 2 ** 20;

/**
 * The bytes of a file from the first to the last. Where the server gives parts, skipping is no transfer: after a jump 8 KiB are asked for, and twice as many each time reading
 * goes on without one.
 */
export function readRemote(file: RemoteFile): ByteReader {
  const { size } = file;
  if (!file.ranges || size === null) return readStream(file.bytes(0));
  let position = 0;
  let window = FIRST_WINDOW;
  let held: { readonly from: number; readonly bytes: Buffer } = { from: 0, bytes: Buffer.alloc(0) };
  const load = async (least: number) => {
    const end = held.from + held.bytes.length;
    window = position <= end ? Math.min(2 * window, LARGEST_WINDOW) : FIRST_WINDOW;
    const kept = held.bytes.subarray(Math.min(position - held.from, held.bytes.length));
    const from = position + kept.length;
    const to = Math.min(size, Math.max(from + window, position + least));
    held = { from: position, bytes: Buffer.concat([kept, await collect(file, from, to)]) };
  };
  return {
    position: () => position,
    read: async (length) => {
      const wanted = Math.min(length, Math.max(0, size - position));
      if (position + wanted > held.from + held.bytes.length) await load(wanted);
      const start = position - held.from;
      position += wanted;
      return held.bytes.subarray(start, start + wanted);
    },
    skip: async (length) => {
      position += length;
      return position <= size;
    },
  };
}

/** A part of a file. */
export async function collect(file: RemoteFile, from: number, to: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of file.bytes(from, to)) parts.push(part);
  return Buffer.concat(parts);
}

/** Milliseconds after which a connection that nobody reads from is given up. */
const IDLE_MS = 2000;

/**
 * Parts of a file whose server gives only the whole: one connection reads on, what lies between is thrown away, and a part that lies before it starts over. The
 * connection is given up at the end of the file, or when nothing is read for two seconds.
 *
 * @param last byte after which nothing is wanted
 */
export function createForwardReader(file: RemoteFile, last: number): (from: number, to: number) => Promise<Buffer> {
  let reader: ByteReader | null = null;
  let body: AsyncGenerator<Uint8Array, void, undefined> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  const close = async () => {
    const open = body;
    body = null;
    reader = null;
    await open?.return();
  };
  const read = async (from: number, to: number): Promise<Buffer> => {
    clearTimeout(timer);
    if (reader === null || reader.position() > from) {
      await close();
      body = file.bytes(0);
      reader = readStream(body);
    }
    const here = reader;
    try {
      await here.skip(from - here.position());
      const bytes = await here.read(to - from);
      if (to >= last) await close();
      else timer = setTimeout(() => void enqueue(close), IDLE_MS).unref();
      return bytes;
    } catch (error) {
      await close();
      throw error;
    }
  };
  const enqueue = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  };
  return (from, to) => enqueue(() => read(from, to));
}
