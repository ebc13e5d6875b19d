/**
 * Zip files that no honest program writes. For tests.
 */
import { crc32, deflateRawSync } from 'node:zlib';

/** One entry. */
export interface ZipEntry {
  readonly name: string;
  readonly data: string;
  /** Unix mode; a plain file by default. */
  readonly mode?: number;
  /** Bytes that the directory claims; the truth by default. */
  readonly declared?: number;
}

/** A zip file of these entries, deflated. */
export function makeZip(entries: readonly ZipEntry[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data, mode = 0o100644, declared = data.length } of entries) {
    const packed = deflateRawSync(data);
    const title = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(declared, 18);
    common.writeUInt16LE(title.length, 22);
    locals.push(Buffer.from('PK\x03\x04'), common, title, packed);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(name.endsWith('/') ? 0o40755 * 2 ** 16 : mode * 2 ** 16, 6);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\x03', 'latin1'), common, tail, title);
    offset += 30 + title.length + packed.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, central, Buffer.from('PK\x05\x06'), end]);
}
