import { damaged, type Fields, type Header, orientationOf, refused } from './header.js';

/** Start of frame: baseline, extended or progressive. */
const frames = [0xc0, 0xc1, 0xc2];
/** Other frames: lossless, differential, arithmetic. */
const otherFrames = [0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf];
const ICC = 'ICC_PROFILE\0';
const EXIF = 'Exif\0\0';

/** The header of a JPEG file, which must have its end. @throws BrokenImageError otherwise, and for CMYK and more than 8 bits */
export function jpegHeader(file: Fields, name: string): Header {
  let size: { width: number; height: number; channels: number } | null = null;
  let orientation = 1;
  const profile: Uint8Array[] = [];
  let at = 2;
  for (;;) {
    if (file.u8(at) !== 0xff) throw damaged(name, `there is no marker at byte ${at}`);
    const marker = file.u8(at + 1);
    const length = file.u16(at + 2);
    const content = file.bytes(at + 4, at + 2 + length);
    if (marker === 0xda) break;
    if (frames.includes(marker)) {
      if (content[0] !== 8) throw refused(name, `${content[0]} bits a sample`);
      size = { height: file.u16(at + 5), width: file.u16(at + 7), channels: content[5] ?? 0 };
    } else if (otherFrames.includes(marker)) throw refused(name, 'a frame that is not baseline or progressive');
    else if (marker === 0xe2 && file.text(at + 4, ICC.length) === ICC) profile.push(content.subarray(ICC.length + 2));
    else if (marker === 0xe1 && file.text(at + 4, EXIF.length) === EXIF)
      orientation = orientationOf(content.slice(EXIF.length));
    at += 2 + length;
  }
  if (!size) throw damaged(name, 'it has no frame');
  if (size.channels !== 1 && size.channels !== 3) throw refused(name, `${size.channels} channels, as CMYK has`);
  if (!hasEnd(file.bytes(at, file.length))) throw damaged(name, 'its end is missing');
  const colour = size.channels === 1 ? 'grey' : 'rgb';
  return {
    type: 'image/jpeg',
    width: size.width,
    height: size.height,
    stored: { container: 'jpeg', bitDepth: 8, colour, alpha: false },
    profile: profile.length > 0 ? joined(profile) : null,
    orientation,
  };
}

/** Whether a marker of the end follows: in coded data every 255 is followed by a zero or another marker. */
function hasEnd(scans: Uint8Array): boolean {
  for (let i = scans.lastIndexOf(0xd9); i > 0; i = scans.lastIndexOf(0xd9, i - 1)) {
    if (scans[i - 1] === 0xff) return true;
  }
  return false;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
