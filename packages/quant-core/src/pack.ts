/**
 * Bit packing: levels of 1..8 bits, least significant bit first, without gaps. Level `i` occupies the bits
 * `i * b .. i * b + b - 1` of the stream as its two's complement (signed) or plain binary (unsigned); unused bits of the last byte are 0.
 */
import { QuantError } from './error.js';

/** Bytes that `count` levels of `bits` bits take. */
export function packedBytes(count: number, bits: number): number {
  return Math.ceil((count * bits) / 8);
}

/**
 * Packs levels into bytes.
 *
 * @throws QuantError when a level does not fit in `bits` bits.
 *
 * @example
 * packLevels([1, -1, 2], 4, true); // Uint8Array [0xf1, 0x02]
 */
export function packLevels(levels: ArrayLike<number>, bits: number, signed: boolean): Uint8Array {
  const bytes = new Uint8Array(packedBytes(levels.length, bits));
  const low = signed ? -(2 ** (bits - 1)) : 0;
  const high = low + 2 ** bits - 1;
  const mask = 2 ** bits - 1;
  for (let i = 0; i < levels.length; i++) {
    const level = levels[i] as number;
    if (!(level >= low && level <= high && Number.isInteger(level))) {
      throw new QuantError(
        'packLevels',
        `level ${i} must be an integer in [${low}, ${high}], got ${level}`,
        'clamp to the grid before packing',
      );
    }
    const at = i * bits;
    const word = (level & mask) << (at & 7);
    const byte = at >> 3;
    bytes[byte] = (bytes[byte] as number) | (word & 255);
    if (word > 255) bytes[byte + 1] = word >> 8;
  }
  return bytes;
}

/**
 * Unpacks `count` levels; the inverse of {@link packLevels}.
 *
 * @throws QuantError when `bytes` is not exactly {@link packedBytes} long.
 */
export function unpackLevels(bytes: Uint8Array, count: number, bits: number, signed: boolean): Int16Array {
  if (bytes.length !== packedBytes(count, bits)) {
    throw new QuantError(
      'unpackLevels',
      `bytes must be ${packedBytes(count, bits)} long for ${count} levels of ${bits} bits, got ${bytes.length}`,
      'the file is truncated or its shapes are wrong',
    );
  }
  return unpackInto(new Int16Array(count), bytes, bits, signed);
}

/** The same into an array of the caller's: int8 will do for signed levels. `bytes` must have as many as they take. */
export function unpackInto<T extends Int8Array | Int16Array>(
  levels: T,
  bytes: Uint8Array,
  bits: number,
  signed: boolean,
): T {
  const done = levels instanceof Int8Array && bits === 4 ? unpackPairs(levels, bytes, signed) : 0;
  const mask = 2 ** bits - 1;
  const sign = signed ? 2 ** (bits - 1) : 0;
  // Bits that were read and not yet used, the next level lowest.
  let word = 0;
  let have = 0;
  let next = (done * bits) / 8;
  for (let i = done; i < levels.length; i++) {
    if (have < bits) {
      word |= (bytes[next++] as number) << have;
      have += 8;
    }
    levels[i] = ((word & mask) ^ sign) - sign;
    word >>= bits;
    have -= bits;
  }
  return levels;
}

const allBytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** The levels of whole bytes, by a table of the pairs in each: half the turns, and a loop that is small enough to be compiled at once. @returns how many levels that are */
function unpackPairs(levels: Int8Array, bytes: Uint8Array, signed: boolean): number {
  const pairs = levels.length >> 1;
  if (levels.byteOffset % 2 === 1 || pairs < allBytes.length) return 0;
  const table = unpackInto(new Int16Array(2 * allBytes.length), allBytes, 4, signed);
  const to = new Uint16Array(levels.buffer, levels.byteOffset, pairs);
  lookUp(to, bytes, new Uint16Array(Int8Array.from(table).buffer));
  return 2 * pairs;
}

function lookUp(to: Uint16Array, bytes: Uint8Array, table: Uint16Array): void {
  for (let i = 0; i < to.length; i++) to[i] = table[bytes[i] as number] as number;
}
