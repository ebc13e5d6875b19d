import { damaged, type Fields, type Header, orientationOf } from './header.js';

const colours = { 0: 'grey', 2: 'rgb', 3: 'palette', 4: 'grey', 6: 'rgb' } as const;

const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** The header of a PNG file; every chunk must be whole and have its checksum. @throws BrokenImageError otherwise */
export async function pngHeader(file: Fields, name: string): Promise<Header> {
  const chunks = new Map<string, Uint8Array>();
  for (let at = 8; !chunks.has('IEND'); ) {
    const length = file.u32(at);
    const kind = file.text(at + 4, 4);
    const content = file.bytes(at + 8, at + 8 + length);
    if (file.u32(at + 8 + length) !== crc32(file.bytes(at + 4, at + 8 + length)))
      throw damaged(name, `its ${kind} is wrong`);
    chunks.set(kind, content);
    at += 12 + length;
  }
  const head = chunks.get('IHDR');
  const [bits = 0, type = -1] = head?.subarray(8) ?? [];
  const colour = Object.entries(colours).find(([key]) => Number(key) === type)?.[1];
  if (head?.length !== 13 || colour === undefined || !chunks.has('IDAT')) throw damaged(name, 'its header is wrong');
  const view = new DataView(head.buffer, head.byteOffset);
  const profile = chunks.get('iCCP');
  const exif = chunks.get('eXIf');
  return {
    type: 'image/png',
    width: view.getUint32(0),
    height: view.getUint32(4),
    stored: {
      container: 'png',
      bitDepth: colour === 'palette' ? 8 : bits,
      colour,
      alpha: type >= 4 || chunks.has('tRNS'),
    },
    profile: profile ? await inflate(profile.subarray(profile.indexOf(0) + 2), name) : null,
    orientation: exif ? orientationOf(exif) : 1,
  };
}

async function inflate(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  try {
    const stream = new Blob([bytes.slice()]).stream().pipeThrough(new DecompressionStream('deflate'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (cause) {
    throw damaged(name, 'its colour profile is wrong', cause);
  }
}
