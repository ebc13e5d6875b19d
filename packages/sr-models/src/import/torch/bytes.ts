import { unreadable } from '../tensor.js';

/** Reads a file from front to back; what is longer than the file is refused before anything is made of it. */
export class Cursor {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next bytes, not copied. @throws ModelError where the file ends before */
  take(length: number): Uint8Array {
    if (!(length >= 0 && length <= this.bytes.length - this.at)) {
      throw unreadable(`file must go on for ${length} bytes at ${this.at}, got its end at ${this.bytes.length}`);
    }
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  u8(): number {
    return this.#number(1, (at) => this.#view.getUint8(at));
  }

  u16(): number {
    return this.#number(2, (at) => this.#view.getUint16(at, true));
  }

  i32(): number {
    return this.#number(4, (at) => this.#view.getInt32(at, true));
  }

  u32(): number {
    return this.#number(4, (at) => this.#view.getUint32(at, true));
  }

  /** @throws ModelError where it is not exact in a double */
  u64(): number {
    const value = this.#number(8, (at) => Number(this.#view.getBigUint64(at, true)));
    if (Number.isSafeInteger(value)) return value;
    throw unreadable(`a length must be below 2^53, got ${value}`);
  }

  /** Big endian, as pickles have it. */
  f64(): number {
    return this.#number(8, (at) => this.#view.getFloat64(at));
  }

  utf8(length: number): string {
    const bytes = this.take(length);
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      throw unreadable(`text at ${this.at} must be UTF-8, got other bytes`);
    }
  }

  /** Up to the next line feed. */
  line(): string {
    const end = this.bytes.indexOf(10, this.at);
    if (end < 0) throw unreadable(`file must have a line at ${this.at}, got no end of it`);
    const text = this.utf8(end - this.at);
    this.at++;
    return text;
  }

  #number(length: number, read: (at: number) => number): number {
    const at = this.at;
    this.take(length);
    return read(at);
  }
}
