/** CRC-32 (IEEE 802.3, reflected, polynomial 0xedb88320): finds every change confined to 32 consecutive bits, and all but 1 in 2^32 of others. */

/** Of a byte that no, one, two and three zero bytes follow, 256 each: four bytes then take one step. */
const table = new Int32Array(4 * 256);
for (let i = 0; i < table.length; i++) {
  let crc = i < 256 ? i : (table[i - 256] as number);
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  table[i] = crc;
}

/**
 * The checksum of `bytes`, unsigned.
 *
 * @param previous checksum of the bytes before these, to go on from
 *
 * @example
 * crc32(new TextEncoder().encode('123456789')); // 0xcbf43926
 */
export function crc32(bytes: Uint8Array, previous = 0): number {
  const whole = bytes.length - (bytes.length % 4);
  let crc = addWords(~previous, new DataView(bytes.buffer, bytes.byteOffset, whole));
  for (let i = whole; i < bytes.length; i++) crc = (table[(crc ^ (bytes[i] as number)) & 255] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Four bytes at a time. A function of its own, with nothing behind the loop: hosts that compile a loop while it runs leave it again at what they have not seen yet. */
function addWords(previous: number, bytes: DataView): number {
  const { byteLength } = bytes;
  let crc = previous;
  for (let i = 0; i < byteLength; i += 4) {
    crc ^= bytes.getInt32(i, true);
    crc =
      (table[768 + (crc & 255)] as number) ^
      (table[512 + ((crc >>> 8) & 255)] as number) ^
      (table[256 + ((crc >>> 16) & 255)] as number) ^
      (table[crc >>> 24] as number);
  }
  return crc;
}
