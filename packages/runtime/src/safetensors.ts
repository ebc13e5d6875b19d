/**
 * Safetensors: named tensors and string metadata in one file.
 *
 * Layout: 8 bytes header length (unsigned, little endian), the header as JSON in UTF-8 padded with spaces to a multiple of 8, then the data.
 * The header maps each name to `{ dtype, shape, data_offsets: [begin, end] }`, offsets from the start of the data, and `__metadata__` to an object of strings.
 * The data has no gaps, overlaps or trailing bytes; numbers are little endian, tensors row-major.
 */
import { FormatError, type Refuse, refusal, show } from './error.js';
import { parseStrictJson } from './json.js';

/** Longest header read, in bytes. */
export const MAX_HEADER_BYTES = 16 * 2 ** 20;

const arrays = {
  F64: Float64Array,
  I64: BigInt64Array,
  F32: Float32Array,
  I32: Int32Array,
  U8: Uint8Array,
  I8: Int8Array,
} as const satisfies Record<Dtype, unknown>;

/** The typed array of each element type that is read and written. */
export interface DtypeArrays {
  F64: Float64Array;
  I64: BigInt64Array;
  F32: Float32Array;
  I32: Int32Array;
  U8: Uint8Array;
  I8: Int8Array;
}
export type Dtype = keyof DtypeArrays;

/** A tensor: `data` holds the product of `shape` elements of type `dtype`, row-major. */
export type SafeTensor = {
  readonly [D in Dtype]: {
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: DtypeArrays[D];
  };
}[Dtype];

/** The content of a safetensors file; the map keeps the order of the header. */
export interface Safetensors {
  readonly tensors: Map<string, SafeTensor>;
  readonly metadata: Record<string, string>;
}

interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const rewrite = 'the file is damaged or was not written as safetensors; fetch or write it again';

/**
 * Reads a safetensors file; every tensor is an aligned copy of its bytes.
 *
 * @throws FormatError with the reason: truncated, header too long, not UTF-8, not JSON, duplicate keys, unknown dtype, shape and bytes that do not
 * match, offsets out of bounds, overlapping or with gaps
 *
 * @example
 * const { tensors, metadata } = readSafetensors(bytes);
 * tensors.get('body.0.weight')?.shape; // [64, 3, 3, 64]
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const refuse = refusal('readSafetensors', rewrite);
  if (!(bytes instanceof Uint8Array)) refuse('bytes', 'a Uint8Array', typeof bytes);
  const { header, keys, data } = splitFile(bytes, refuse);
  const entries = keys
    .filter((name) => name !== '__metadata__')
    .map((name) => readEntry(name, header[name], data.length, refuse));
  checkCover(entries, data.length, refuse);
  return {
    metadata: readMetadata(header['__metadata__'], refuse),
    tensors: new Map(
      entries.map((entry) => [entry.name, tensorOf(entry.dtype, entry.shape, copyOf(data, entry.begin, entry.end))]),
    ),
  };
}

function splitFile(bytes: Uint8Array, refuse: Refuse) {
  if (bytes.length < 8) refuse('file', 'at least 8 bytes long', `a truncated file of ${bytes.length} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    refuse('header', `at most ${MAX_HEADER_BYTES} bytes long`, `a header too long: ${length} bytes`);
  }
  const start = 8 + Number(length);
  if (start > bytes.length) {
    refuse('file', `at least ${start} bytes long, as its header says`, `a truncated file of ${bytes.length} bytes`);
  }
  let text: string;
  try {
    // A copy: decoders refuse shared memory.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(copyOf(bytes, 8, start));
  } catch (cause) {
    throw new FormatError('readSafetensors', 'header must be UTF-8, got other bytes', rewrite, { cause });
  }
  // Nothing but spaces may follow the object, so that no byte of a file is free to change.
  if (!isPaddedObject(text)) refuse('header', 'a JSON object, padded with spaces', text.slice(0, 40));
  try {
    const { value, keys } = parseStrictJson(text);
    return { header: value as Record<string, unknown>, keys, data: bytes.subarray(start) };
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new FormatError('readSafetensors', `header must be JSON without duplicate keys, got ${reason}`, rewrite, {
      cause,
    });
  }
}

/** Whether the text runs from an opening brace to a closing one with nothing but spaces behind. */
function isPaddedObject(text: string): boolean {
  let end = text.length;
  while (text[end - 1] === ' ') end--;
  return text.startsWith('{') && text[end - 1] === '}';
}

function readMetadata(value: unknown, refuse: Refuse): Record<string, string> {
  if (value === undefined) return {};
  if (!isRecord(value)) return refuse('__metadata__', 'an object of strings', value);
  return Object.fromEntries(
    Object.entries(value).map(([key, text]) =>
      typeof text === 'string' ? [key, text] : refuse(`__metadata__[${show(key)}]`, 'a string', text),
    ),
  );
}

function readEntry(name: string, value: unknown, dataBytes: number, refuse: Refuse): Entry {
  const path = `tensor ${show(name)}`;
  if (!isRecord(value)) return refuse(path, 'an object', value);
  const { dtype, shape, data_offsets: offsets, ...rest } = value;
  const [extra] = Object.keys(rest);
  if (extra !== undefined) refuse(path, 'an object of dtype, shape and data_offsets only', extra);
  if (!isDtype(dtype)) return refuse(`${path}.dtype`, `one of ${Object.keys(arrays).join(', ')}`, dtype);
  if (!isSizes(shape)) return refuse(`${path}.shape`, 'an array of integers >= 0', shape);
  const [begin, end, ...more] = isSizes(offsets) ? offsets : [];
  if (begin === undefined || end === undefined || more.length > 0 || begin > end) {
    return refuse(`${path}.data_offsets`, 'two integers in ascending order', offsets);
  }
  if (end > dataBytes) {
    refuse(
      `${path}.data_offsets`,
      `within the ${dataBytes} bytes of data`,
      offsets,
      'the file is truncated; fetch it again',
    );
  }
  const wanted = elements(shape) * arrays[dtype].BYTES_PER_ELEMENT;
  if (end - begin !== wanted) {
    refuse(`${path}.data_offsets`, `${wanted} bytes apart, as shape [${shape}] of ${dtype} needs`, end - begin);
  }
  return { name, dtype, shape, begin, end };
}

/** Whether the tensors cover the data without gap or overlap. */
function checkCover(entries: readonly Entry[], dataBytes: number, refuse: Refuse): void {
  let at = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    const path = `tensor ${show(name)}`;
    if (begin < at)
      refuse(path, `stored from byte ${at} on, where the tensor before it ends`, `an overlap at ${begin}`);
    if (begin > at) refuse(path, `stored from byte ${at} on, where the tensor before it ends`, `a gap up to ${begin}`);
    at = end;
  }
  if (at !== dataBytes) refuse('data', `${at} bytes long, where the last tensor ends`, dataBytes);
}

/** A copy with a buffer of its own: `slice` of a Node Buffer would be a view into a shared one. */
function copyOf(data: Uint8Array, begin: number, end: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.subarray(begin, end));
}

/** `bytes` must own its buffer. */
function tensorOf(dtype: Dtype, shape: readonly number[], bytes: Uint8Array): SafeTensor {
  const buffer = bytes.buffer as ArrayBuffer;
  switch (dtype) {
    case 'F64':
      return { dtype, shape, data: new Float64Array(buffer) };
    case 'I64':
      return { dtype, shape, data: new BigInt64Array(buffer) };
    case 'F32':
      return { dtype, shape, data: new Float32Array(buffer) };
    case 'I32':
      return { dtype, shape, data: new Int32Array(buffer) };
    case 'U8':
      return { dtype, shape, data: new Uint8Array(buffer) };
    case 'I8':
      return { dtype, shape, data: new Int8Array(buffer) };
  }
}

/**
 * Writes a safetensors file. The same tensors and metadata, in the same order, give the same bytes: the header keeps the order of the map; the data
 * stands by falling element size and then in the order of the map, so every tensor is aligned.
 *
 * @throws FormatError when a shape does not match its data, a dtype is unknown, or a name is `__metadata__`
 *
 * @example
 * writeSafetensors(new Map([['step', { dtype: 'I32', shape: [1], data: Int32Array.of(7) }]]), { by: 'me' });
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, SafeTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const refuse = refusal('writeSafetensors', 'correct the tensors that are passed in');
  for (const [name, { dtype, shape, data }] of tensors) {
    const path = `tensor ${show(name)}`;
    if (name === '__metadata__') refuse(path, 'named otherwise', name);
    if (!isDtype(dtype)) refuse(`${path}.dtype`, `one of ${Object.keys(arrays).join(', ')}`, dtype);
    if (!(data instanceof arrays[dtype])) refuse(`${path}.data`, `a ${arrays[dtype].name}`, typeof data);
    if (!isSizes(shape) || elements(shape) !== data.length) {
      refuse(`${path}.shape`, `the shape of its ${data.length} elements`, shape);
    }
  }
  const offsets = new Map<string, number>();
  let size = 0;
  for (const [name, { data }] of [...tensors].sort(([, a], [, b]) => elementBytes(b) - elementBytes(a))) {
    offsets.set(name, size);
    size += data.byteLength;
  }
  const members = [...tensors].map(([name, { dtype, shape, data }]) => {
    const begin = offsets.get(name) ?? 0;
    const entry = { dtype, shape, data_offsets: [begin, begin + data.byteLength] };
    return `${JSON.stringify(name)}:${JSON.stringify(entry)}`;
  });
  if (Object.keys(metadata).length > 0) members.unshift(`"__metadata__":${JSON.stringify(metadata)}`);
  const header = new TextEncoder().encode(`{${members.join(',')}}`);
  const start = 8 + Math.ceil(header.length / 8) * 8;
  if (start - 8 > MAX_HEADER_BYTES) refuse('header', `at most ${MAX_HEADER_BYTES} bytes long`, start - 8);

  const file = new Uint8Array(start + size);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.set(header, 8);
  file.fill(32, 8 + header.length, start);
  for (const [name, { data }] of tensors) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start + (offsets.get(name) ?? 0));
  }
  return file;
}

function elementBytes({ dtype }: SafeTensor): number {
  return arrays[dtype].BYTES_PER_ELEMENT;
}

/** The product of a shape; NaN when it is no safe integer. */
function elements(shape: readonly number[]): number {
  if (shape.includes(0)) return 0;
  let product = 1;
  for (const size of shape) product *= size;
  return Number.isSafeInteger(product) ? product : Number.NaN;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDtype(value: unknown): value is Dtype {
  return typeof value === 'string' && Object.hasOwn(arrays, value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
