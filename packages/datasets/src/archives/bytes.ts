/**
 * Reading bytes in order, from a stream or from a file in which skipping is a seek.
 */
import type { FileHandle } from 'node:fs/promises';

/** A position in a sequence of bytes. */
export interface ByteReader {
  /** Bytes before the next one. */
  readonly position: () => number;
  /** The next bytes: `length` of them, fewer only at the end. */
  readonly read: (length: number) => Promise<Buffer>;
  /** Passes over bytes; false when there are not so many. */
  readonly skip: (length: number) => Promise<boolean>;
}

/** Reads the chunks of a stream; holds one of them at a time. */
export function readStream(chunks: AsyncIterable<Uint8Array>): ByteReader {
  const source = chunks[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array(0);
  let position = 0;
  const take = async (most: number): Promise<Uint8Array | null> => {
    while (held.length === 0) {
      const { done, value } = await source.next();
      if (done) return null;
      held = value;
    }
    const part = held.subarray(0, most);
    held = held.subarray(part.length);
    position += part.length;
    return part;
  };
  return {
    position: () => position,
    read: async (length) => {
      const parts: Uint8Array[] = [];
      for (let left = length; left > 0; ) {
        const part = await take(left);
        if (!part) break;
        parts.push(part);
        left -= part.length;
      }
      return Buffer.concat(parts);
    },
    skip: async (length) => {
      for (let left = length; left > 0; ) {
        const part = await take(left);
        if (!part) return false;
        left -= part.length;
      }
      return true;
    },
  };
}

/** Reads a file that stays open; the caller closes it. */
export function readHandle(file: FileHandle, size: number): ByteReader {
  let position = 0;
  return {
    position: () => position,
    read: async (length) => {
      const buffer = Buffer.alloc(Math.max(0, Math.min(length, size - position)));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      position += bytesRead;
      return buffer.subarray(0, bytesRead);
    },
    skip: async (length) => {
      position += length;
      return position <= size;
    },
  };
}
