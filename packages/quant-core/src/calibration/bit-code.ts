/**
 * Sparse counts as text, a few bits for each one: for every count that is not 0 the distance from the one before and the count itself, both in Elias' gamma
 * code (`n >= 1` as `floor(log2 n)` zeros and then `n` in binary: 1 bit for 1, 3 bits for 2 and 3), the bits in base64.
 */
import { badState } from './types.js';

/** The code of counts: its number of entries first, then pairs of gap and count. */
export function encodeCounts(counts: ArrayLike<number>): string {
  const bits = new BitWriter();
  let filled = 0;
  for (let i = 0; i < counts.length; i++) if ((counts[i] as number) > 0) filled++;
  bits.gamma(filled + 1);
  let last = -1;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i] as number;
    if (count === 0) continue;
    bits.gamma(i - last);
    bits.gamma(count);
    last = i;
  }
  return bits.text();
}

/** The inverse of {@link encodeCounts}: `size` counts below 2^32. @throws QuantError when the text is no such code */
export function decodeCounts(text: string, size: number): Uint32Array {
  const counts = new Uint32Array(size);
  const bits = new BitReader(text);
  const filled = bits.gamma() - 1;
  let at = -1;
  for (let k = 0; k < filled; k++) {
    at += bits.gamma();
    if (at >= size) throw badState('counts', text);
    counts[at] = bits.gamma();
  }
  return counts;
}

class BitWriter {
  readonly #bytes: number[] = [];
  #used = 8;

  gamma(n: number): void {
    const width = Math.floor(Math.log2(n));
    for (let i = 0; i < width; i++) this.#push(0);
    for (let i = width; i >= 0; i--) this.#push(Math.floor(n / 2 ** i) % 2);
  }

  text(): string {
    return btoa(String.fromCharCode(...this.#bytes));
  }

  #push(bit: number): void {
    if (this.#used === 8) {
      this.#bytes.push(0);
      this.#used = 0;
    }
    const last = this.#bytes.length - 1;
    this.#bytes[last] = (this.#bytes[last] as number) | (bit << (7 - this.#used++));
  }
}

class BitReader {
  readonly #text: string;
  readonly #bytes: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    try {
      this.#bytes = atob(text);
    } catch {
      throw badState('counts', text);
    }
  }

  gamma(): number {
    let width = 0;
    while (this.#bit() === 0) width++;
    if (width > 31) throw badState('counts', this.#text);
    let n = 1;
    for (let i = 0; i < width; i++) n = n * 2 + this.#bit();
    return n;
  }

  #bit(): number {
    const byte = this.#at >> 3;
    if (byte >= this.#bytes.length) throw badState('counts', this.#text);
    return (this.#bytes.charCodeAt(byte) >> (7 - (this.#at++ & 7))) & 1;
  }
}
