/** Safetensors of other programs: as our own, and with half-precision elements, which our own format has not. */
import { readSafetensors, type SafeTensor } from '@fqsr/runtime/format';
import { type DtypeName, decodeFloats } from './dtypes.js';
import type { ForeignFile, ForeignTensor } from './tensor.js';

/** Element types that are read as pairs of bytes. */
const halves: Readonly<Record<string, DtypeName>> = { F16: 'float16', BF16: 'bfloat16' };

/**
 * Reads a safetensors file.
 *
 * @throws FormatError with the reason when it is damaged
 */
export function readForeignSafetensors(bytes: Uint8Array): ForeignFile {
  const { file, dtypeOf } = widen(bytes);
  const { tensors, metadata } = readSafetensors(file);
  return {
    format: 'safetensors',
    metadata,
    tensors: new Map([...tensors].map(([name, tensor]) => [name, foreign(name, tensor, dtypeOf.get(name))])),
  };
}

function foreign(name: string, tensor: SafeTensor, half: DtypeName | undefined): ForeignTensor {
  const { data, dtype } = tensor;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const native: Readonly<Record<SafeTensor['dtype'], DtypeName>> = {
    F64: 'float64',
    F32: 'float32',
    I64: 'int64',
    I32: 'int32',
    I8: 'int8',
    U8: 'uint8',
  };
  const type = half ?? native[dtype];
  const shape = half ? tensor.shape.slice(0, -1) : tensor.shape;
  return { shape, dtype: type, read: async () => decodeFloats(bytes, type, name) };
}

/** The same file with each half-precision tensor declared as pairs of bytes, so that the one strict reader checks everything. */
function widen(bytes: Uint8Array): { readonly file: Uint8Array; readonly dtypeOf: ReadonlyMap<string, DtypeName> } {
  const dtypeOf = new Map<string, DtypeName>();
  const header = headerOf(bytes);
  if (!header) return { file: bytes, dtypeOf };
  const { start, entries } = header;
  for (const [name, entry] of Object.entries(entries)) {
    const half = typeof entry?.dtype === 'string' ? halves[entry.dtype] : undefined;
    if (half === undefined || !Array.isArray(entry?.shape)) continue;
    dtypeOf.set(name, half);
    entries[name] = { ...entry, dtype: 'U8', shape: [...entry.shape, 2] };
  }
  if (dtypeOf.size === 0) return { file: bytes, dtypeOf };
  const text = new TextEncoder().encode(JSON.stringify(entries));
  const file = new Uint8Array(8 + text.length + bytes.length - start);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(bytes.subarray(start), 8 + text.length);
  return { file, dtypeOf };
}

interface RawEntry {
  readonly dtype?: unknown;
  readonly shape?: unknown;
}

/** The header of a file that has one; anything else is for the strict reader to refuse. */
function headerOf(bytes: Uint8Array): { start: number; entries: Record<string, RawEntry | null> } | null {
  if (bytes.length < 8) return null;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(bytes.length - 8)) return null;
  const start = 8 + Number(length);
  const text = new TextDecoder().decode(bytes.subarray(8, start));
  if (!/"B?F16"/.test(text)) return null;
  try {
    return { start, entries: JSON.parse(text) as Record<string, RawEntry | null> };
  } catch {
    return null;
  }
}
