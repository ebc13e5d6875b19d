/**
 * What a file says of itself before it is decoded.
 */
import { BrokenImageError } from '../error.js';
import type { StoredFormat } from '../image.js';

/** The header of an image file. */
export interface Header {
  readonly type: 'image/png' | 'image/jpeg' | 'image/webp';
  readonly width: number;
  readonly height: number;
  readonly stored: Omit<StoredFormat, 'profile'>;
  /** The bytes of its colour profile, if any. */
  readonly profile: Uint8Array | null;
  /** As in EXIF: 1 is upright. */
  readonly orientation: number;
}

/** Bytes that are read as big-endian numbers, as little-endian ones, and as ASCII. */
export interface Fields {
  readonly length: number;
  readonly u8: (at: number) => number;
  readonly u16: (at: number) => number;
  readonly u32: (at: number) => number;
  readonly u32le: (at: number) => number;
  readonly u24le: (at: number) => number;
  readonly text: (at: number, length: number) => string;
  readonly bytes: (from: number, to: number) => Uint8Array;
}

/** Fields of a file. @throws BrokenImageError naming it when a field lies beyond its end */
export function fieldsOf(file: Uint8Array, name: string): Fields {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const checked = <T>(read: () => T): T => {
    try {
      return read();
    } catch (cause) {
      throw damaged(name, 'it ends too early', cause);
    }
  };
  const u8 = (at: number) => checked(() => view.getUint8(at));
  return {
    length: file.length,
    u8,
    u16: (at) => checked(() => view.getUint16(at)),
    u32: (at) => checked(() => view.getUint32(at)),
    u32le: (at) => checked(() => view.getUint32(at, true)),
    u24le: (at) => u8(at) | (u8(at + 1) << 8) | (u8(at + 2) << 16),
    text: (at, length) => String.fromCharCode(...file.subarray(at, at + length)),
    bytes: (from, to) => {
      if (to <= file.length && from <= to) return file.subarray(from, to);
      throw damaged(name, 'it ends too early');
    },
  };
}

/** @returns the error for a file that is damaged or truncated */
export function damaged(name: string, reason: string, cause?: unknown): BrokenImageError {
  return new BrokenImageError('readImage', `${name} is damaged or truncated: ${reason}`, 'fetch or export it again', {
    cause,
  });
}

/** @returns the error for a file that a browser cannot decode to what it means */
export function refused(name: string, has: string): BrokenImageError {
  return new BrokenImageError(
    'readImage',
    `${name} cannot be decoded exactly in a browser: it has ${has}`,
    'convert it',
  );
}

/** The orientation in EXIF data, `II*` or `MM*` and its first directory; 1 where there is none. */
export function orientationOf(exif: Uint8Array): number {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  if (view.byteLength < 14) return 1;
  const little = view.getUint16(0) === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > view.byteLength) return 1;
  const count = view.getUint16(directory, little);
  for (let i = 0; i < count && directory + 2 + 12 * (i + 1) <= view.byteLength; i++) {
    const at = directory + 2 + 12 * i;
    if (view.getUint16(at, little) === 0x0112) return view.getUint16(at + 8, little);
  }
  return 1;
}
