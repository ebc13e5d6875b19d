/**
 * TFRecord files: records of a length (64 bits, little endian), its masked CRC-32C, the data, and the data's masked CRC-32C.
 */
import { maskedCrc32c } from './crc32c.js';

const HEAD = 12;
const TAIL = 4;

/** One record. */
export function encodeRecord(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEAD + data.length + TAIL);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(bytes.subarray(0, 8)), true);
  bytes.set(data, HEAD);
  view.setUint32(HEAD + data.length, maskedCrc32c(data), true);
  return bytes;
}

/** A record's data and where the next one begins. */
export interface ReadRecord {
  readonly data: Uint8Array;
  readonly end: number;
}

/** The records of a file up to its end, or to the first one that is cut off or damaged, as a killed process leaves it. */
export function* readRecords(bytes: Uint8Array): Generator<ReadRecord, void, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + HEAD + TAIL <= bytes.length) {
    const length = Number(view.getBigUint64(at, true));
    const end = at + HEAD + length + TAIL;
    if (view.getUint32(at + 8, true) !== maskedCrc32c(bytes.subarray(at, at + 8)) || end > bytes.length) return;
    const data = bytes.subarray(at + HEAD, end - TAIL);
    if (view.getUint32(end - TAIL, true) !== maskedCrc32c(data)) return;
    yield { data, end };
    at = end;
  }
}
