import { damaged, type Fields, type Header, orientationOf } from './header.js';

/** The header of a WebP file, which must be as long as it says. @throws BrokenImageError otherwise */
export function webpHeader(file: Fields, name: string): Header {
  const end = 8 + file.u32le(4);
  if (end > file.length) throw damaged(name, `it has ${file.length} of ${end} bytes`);
  const found: { alpha: boolean; profile: Uint8Array | null; orientation: number } = {
    alpha: false,
    profile: null,
    orientation: 1,
  };
  let size: { width: number; height: number } | null = null;
  for (let at = 12; at + 8 <= end; ) {
    const kind = file.text(at, 4);
    const length = file.u32le(at + 4);
    const data = at + 8;
    if (kind === 'VP8X') {
      found.alpha = (file.u8(data) & 0x10) !== 0;
      size = { width: 1 + file.u24le(data + 4), height: 1 + file.u24le(data + 7) };
    } else if (kind === 'VP8L') {
      const bits = file.u32le(data + 1);
      found.alpha ||= ((bits >>> 28) & 1) === 1;
      size ??= { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    } else if (kind === 'VP8 ') {
      const [width, height] = [file.u24le(data + 6) & 0x3fff, file.u24le(data + 8) & 0x3fff];
      size ??= { width, height };
    } else if (kind === 'ALPH') found.alpha = true;
    else if (kind === 'ICCP') found.profile = file.bytes(data, data + length);
    else if (kind === 'EXIF') found.orientation = orientationOf(file.bytes(data, data + length).slice());
    at = data + length + (length & 1);
  }
  if (!size) throw damaged(name, 'it has no image');
  const { alpha, profile, orientation } = found;
  return {
    type: 'image/webp',
    ...size,
    stored: { container: 'webp', bitDepth: 8, colour: 'rgb', alpha },
    profile,
    orientation,
  };
}
