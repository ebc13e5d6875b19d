/** Element types of foreign files: their width in bytes, and how little-endian bytes become float32. */
import { unreadable } from './tensor.js';

/** An element type. Integers have no `decode`: no parameter of a network is one. */
export interface Dtype {
  readonly bytes: number;
  readonly decode?: (view: DataView, index: number) => number;
}

/** Exponent and fraction of IEEE 754 half precision. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The upper half of a float32. */
function brain(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
}

/** All types that are known, by PyTorch's names. */
export const dtypes = {
  float32: { bytes: 4, decode: (view, i) => view.getFloat32(4 * i, true) },
  float64: { bytes: 8, decode: (view, i) => Math.fround(view.getFloat64(8 * i, true)) },
  float16: { bytes: 2, decode: (view, i) => half(view.getUint16(2 * i, true)) },
  bfloat16: { bytes: 2, decode: (view, i) => brain(view.getUint16(2 * i, true)) },
  int64: { bytes: 8 },
  int32: { bytes: 4 },
  int16: { bytes: 2 },
  int8: { bytes: 1 },
  uint8: { bytes: 1 },
  bool: { bytes: 1 },
} as const satisfies Record<string, Dtype>;

export type DtypeName = keyof typeof dtypes;

/**
 * Float32 values of elements.
 *
 * @param bytes all elements, little endian
 * @throws ModelError for a type that is no float
 */
export function decodeFloats(bytes: Uint8Array, dtype: DtypeName, name: string): Float32Array {
  const { bytes: width, decode }: Dtype = dtypes[dtype];
  if (!decode) {
    throw unreadable(`${name} must hold floats, got ${dtype}`, 'a quantized or foreign network; give a float one');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.byteLength / width }, (_, i) => decode(view, i));
}
