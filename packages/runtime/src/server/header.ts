/**
 * Kind and size of an image file, from its first bytes: what a service knows before it decodes. No memory is taken for what they claim.
 */
import { ImageError } from './errors.js';

/** What the first bytes say. */
export interface Header {
  readonly format: 'png' | 'jpeg' | 'webp';
  /** Pixels, before any orientation is applied. */
  readonly width: number;
  readonly height: number;
}

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * Reads the header of a PNG, JPEG or WebP file; its name does not matter.
 *
 * @throws ImageError for anything else, animated WebP included, and for a header that is cut off or has no size
 *
 * @example
 * readHeader(await readFile('photo.jpg')); // { format: 'jpeg', width: 4000, height: 3000 }
 */
export function readHeader(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = within(() => readers.map((read) => read(view)).find((found) => found !== null));
  if (header === undefined) throw new ImageError('body must be a PNG, JPEG or WebP image, got something else', 415);
  if (header.width < 1 || header.height < 1) throw damaged();
  return header;
}

function damaged(): ImageError {
  return new ImageError('image must have a whole header, got a damaged one', 422);
}

/** Reads past the end are a header that is cut off. */
function within<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof RangeError ? damaged() : error;
  }
}

const word = (view: DataView, at: number) => (view.byteLength < at + 4 ? '' : text(view, at));

function text(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
}

const readers: readonly ((view: DataView) => Header | null)[] = [readPng, readJpeg, readWebp];

function readPng(view: DataView): Header | null {
  if (view.byteLength < 8 || PNG.some((byte, i) => view.getUint8(i) !== byte)) return null;
  if (text(view, 12) !== 'IHDR') throw damaged();
  return { format: 'png', width: view.getUint32(16), height: view.getUint32(20) };
}

/** Segments are passed over up to the frame's. */
function readJpeg(view: DataView): Header | null {
  if (view.byteLength < 3 || view.getUint16(0) !== 0xffd8 || view.getUint8(2) !== 0xff) return null;
  for (let at = 2; ; ) {
    if (view.getUint8(at) !== 0xff) throw damaged();
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) at += 1;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) at += 2;
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { format: 'jpeg', width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    } else if (marker === 0xd9 || marker === 0xda) throw damaged();
    else at += 2 + Math.max(2, view.getUint16(at + 2));
  }
}

function readWebp(view: DataView): Header | null {
  if (word(view, 0) !== 'RIFF' || word(view, 8) !== 'WEBP') return null;
  const chunk = text(view, 12);
  if (chunk === 'VP8 ') {
    if (view.getUint8(23) !== 0x9d || view.getUint16(24) !== 0x012a) throw damaged();
    return { format: 'webp', width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  }
  if (chunk === 'VP8L') {
    const bits = view.getUint32(21, true);
    return { format: 'webp', width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (chunk !== 'VP8X') throw damaged();
  if (view.getUint8(20) & 2) throw new ImageError('image must be a single one, got an animated WebP', 415);
  const [width, height] = [24, 27].map((at) => 1 + view.getUint16(at, true) + (view.getUint8(at + 2) << 16));
  return { format: 'webp', width: width as number, height: height as number };
}
