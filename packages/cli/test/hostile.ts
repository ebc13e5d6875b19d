/** Files that were made to do harm, byte by byte. */
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';

function chunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

/** A PNG that claims a size and holds a few zeros. */
function claiming(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const parts = [chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.alloc(999))), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts]);
}

/** A little JPEG. */
const jpeg = () =>
  sharp(
    Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => i * 7919),
    { raw: { width: 64, height: 64, channels: 3 } },
  )
    .jpeg()
    .toBuffer();

/** The same, whose header claims 65000 x 65000. */
async function hugeJpeg(): Promise<Buffer> {
  const bytes = await jpeg();
  const frame = bytes.indexOf(Buffer.of(0xff, 0xc0));
  bytes.writeUInt16BE(65000, frame + 5);
  bytes.writeUInt16BE(65000, frame + 7);
  return bytes;
}

const animated = () =>
  sharp(new Uint8Array(4 * 6 * 3).fill(9, 36), { raw: { width: 4, height: 6, channels: 3, pageHeight: 3 } })
    .gif()
    .toBuffer();

/** Name, contents, and what is said of it. */
export const hostileFiles: readonly (readonly [string, () => Buffer | Promise<Buffer>, RegExp])[] = [
  ['huge.png', () => claiming(100_000, 100_000), /huge\.png must have at most 268435456 pixels/],
  ['empty-inside.png', () => claiming(16_000, 16_000), /empty-inside\.png is damaged or truncated/],
  ['huge.jpg', hugeJpeg, /huge\.jpg must have at most 268435456 pixels/],
  ['cut.jpg', async () => (await jpeg()).subarray(0, 1000), /cut\.jpg is damaged or truncated/],
  [
    'drawing.svg',
    () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="90000" height="90000"/>'),
    /an SVG/,
  ],
  ['archive.png', () => Buffer.from('PK\x03\x04 and more', 'latin1'), /archive\.png .*got a zip archive/],
  ['animated.gif', animated, /animated\.gif must be one image, got 2 frames \(choose one, --page 1\)/],
];
