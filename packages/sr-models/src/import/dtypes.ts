/** Element types of foreign files: their width in bytes, and how little-endian bytes become float32. */
import { unreadable } from './tensor.js';

/** An element type. Integers have no `decode`: no parameter of a network is one. */
export interface Dtype {
  readonly bytes: number;
  readonly decode?: (view: DataView, index: number) => number;
}

/** Bits of an IEEE 754 float with so many bits of exponent and fraction. */
function small(bits: number, exponentBits: number, fractionBits: number): number {
  const sign = bits >> (exponentBits + fractionBits) ? -1 : 1;
  const highest = 2 ** exponentBits - 1;
  const bias = 2 ** (exponentBits - 1) - 1;
  const exponent = (bits >> fractionBits) & highest;
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  if (exponent === highest) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

/** All types that are known, by PyTorch's names. */
export const dtypes = {
  float32: { bytes: 4, decode: (view, i) => view.getFloat32(4 * i, true) },
  float64: { bytes: 8, decode: (view, i) => Math.fround(view.getFloat64(8 * i, true)) },
  float16: { bytes: 2, decode: (view, i) => small(view.getUint16(2 * i, true), 5, 10) },
  bfloat16: { bytes: 2, decode: (view, i) => small(view.getUint16(2 * i, true), 8, 7) },
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
  const values = new Float32Array(bytes.byteLength / width);
  for (let i = 0; i < values.length; i++) values[i] = decode(view, i);
  return values;
}
