/**
 * What a file is, by its first bytes: nothing else reaches the decoders, whatever the file is called.
 */
import type { StoredFormat } from '../image.js';

/** An image format, or what the bytes are instead. */
export type Sniffed = { readonly container: StoredFormat['container'] } | { readonly other: string };

/** First bytes, as Latin-1; `?` stands for any. */
const containers: readonly (readonly [StoredFormat['container'], readonly string[]])[] = [
  ['png', ['\x89PNG\r\n\x1a\n']],
  ['jpeg', ['\xff\xd8\xff']],
  ['webp', ['RIFF????WEBP']],
  ['gif', ['GIF87a', 'GIF89a']],
  ['tiff', ['II*\0', 'II+\0', 'MM\0*', 'MM\0+']],
  ['avif', ['avif', 'avis', 'mif1', 'msf1', 'miaf'].map((brand) => `????ftyp${brand}`)],
];

const others: readonly (readonly [string, readonly string[]])[] = [
  ['a zip archive', ['PK\x03\x04', 'PK\x05\x06']],
  ['gzip data', ['\x1f\x8b']],
  ['a HEIC image', ['heic', 'heix', 'hevc', 'hevx'].map((brand) => `????ftyp${brand}`)],
  ['a PDF document', ['%PDF-']],
  ['a BMP image', ['BM????\0\0\0\0']],
  ['a Photoshop document', ['8BPS']],
  ['a JPEG XL image', ['\xff\x0a', '\0\0\0\x0cJXL ']],
  ['a JPEG 2000 image', ['\xff\x4f\xff\x51', '\0\0\0\x0cjP  ']],
];

/** Bytes that {@link sniff} looks at. */
const HEAD = 1024;

/**
 * What bytes are.
 *
 * @example
 * sniff(Uint8Array.of(0x50, 0x4b, 3, 4)); // { other: 'a zip archive' }
 */
export function sniff(bytes: Uint8Array): Sniffed {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(HEAD, bytes.length)).toString('latin1');
  const begins = (marks: readonly string[]) => marks.some((mark) => beginsWith(head, mark));
  const container = containers.find(([, marks]) => begins(marks))?.[0];
  if (container) return { container };
  const other = others.find(([, marks]) => begins(marks))?.[0];
  if (head === '') return { other: 'no data' };
  return { other: other ?? (/<svg[\s>]/i.test(head) ? 'an SVG drawing' : 'other data') };
}

function beginsWith(head: string, mark: string): boolean {
  return head.length >= mark.length && [...mark].every((letter, i) => letter === '?' || letter === head[i]);
}

/** Whether a PNG file is animated: it says so before its samples. The decoder does not look. */
export function isAnimatedPng(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 8 <= bytes.length; at += 12 + view.getUint32(at)) {
    const type = view.getUint32(at + 4);
    if (type === 0x6163544c) return true; // acTL
    if (type === 0x49444154) return false; // IDAT
  }
  return false;
}
