/**
 * `.fqsr` files in parts, written whatever they contain: the checksum fits, so that a change gets past it to what checks the meaning. Written from the
 * description of the format, not with the package's own writer.
 */
import { readSafetensors } from '../../src/safetensors.js';

/** A tensor of a file, valid or not. */
export interface Part {
  readonly name: string;
  readonly dtype: unknown;
  readonly shape: unknown;
  readonly data: Uint8Array;
}

/** A file in parts. */
export interface Parts {
  /** The graph's JSON text. */
  readonly graph: string;
  readonly tensors: readonly Part[];
}

/** The parts of a valid file. */
export function partsOf(file: Uint8Array): Parts {
  const { tensors, metadata } = readSafetensors(file);
  return {
    graph: metadata['fqsr'] ?? '',
    tensors: [...tensors].map(([name, { dtype, shape, data }]) => ({
      name,
      dtype,
      shape,
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    })),
  };
}

/** How a file's header may differ from what its parts say. */
export interface HeaderOptions {
  /** Another checksum. */
  readonly checksum?: string;
  /** The header's text, changed; its length and padding are made to fit. */
  readonly change?: (header: string) => string;
}

/** The file of some parts, in their order. */
export function fileOf(
  { graph, tensors }: Parts,
  { checksum = checksumOf({ graph, tensors }), change }: HeaderOptions = {},
) {
  let at = 0;
  const members = tensors.map(({ name, dtype, shape, data }) => {
    const begin = at;
    at += data.length;
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, at] })}`;
  });
  const metadata = JSON.stringify({ fqsr: graph, 'fqsr.crc32': checksum });
  const header = `{${[`"__metadata__":${metadata}`, ...members].join(',')}}`;
  return withHeader(change ? change(header) : header, concatenated(tensors.map(({ data }) => data)));
}

/** A header and data as a file. */
export function withHeader(header: string, data: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(header);
  const length = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + length + data.length).fill(32, 8, 8 + length);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(text, 8);
  file.set(data, 8 + length);
  return file;
}

/** The header's text, and where the data begin. */
export function headerOf(file: Uint8Array): { readonly header: string; readonly data: Uint8Array } {
  const start = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  return { header: new TextDecoder().decode(file.subarray(8, start)), data: file.subarray(start) };
}

/** Bytes one after another. */
export function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** Of each byte by the polynomial of CRC-32, reflected. */
const remainders = Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  return rest;
});

/** `fqsr.crc32`: of the graph's text and then, by ascending name, of `[name, dtype, shape]` as JSON and the bytes of each tensor. */
function checksumOf({ graph, tensors }: Parts): string {
  const encoder = new TextEncoder();
  const byName = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  const pieces = byName.flatMap(({ name, dtype, shape, data }) => [
    encoder.encode(JSON.stringify([name, dtype, shape])),
    data,
  ]);
  let crc = ~0;
  for (const byte of concatenated([encoder.encode(graph), ...pieces]))
    crc = (remainders[(crc ^ byte) & 255] as number) ^ (crc >>> 8);
  return (~crc >>> 0).toString(16).padStart(8, '0');
}
