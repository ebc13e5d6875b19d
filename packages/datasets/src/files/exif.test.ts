import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { exifOf, xmpOf } from './exif.js';

const size = { width: 70000, height: 12 };

/** Little- and big-endian EXIF with an orientation, sizes, a folder inside, and a thumbnail's folder. */
function sample(little: boolean): Buffer {
  const bytes = Buffer.alloc(80);
  const u16 = (value: number, at: number) => (little ? bytes.writeUInt16LE(value, at) : bytes.writeUInt16BE(value, at));
  const u32 = (value: number, at: number) => (little ? bytes.writeUInt32LE(value, at) : bytes.writeUInt32BE(value, at));
  const field = (at: number, tag: number, type: number, value: number) => {
    u16(tag, at);
    u16(type, at + 2);
    u32(1, at + 4);
    if (type === 3) u16(value, at + 8);
    else u32(value, at + 8);
  };
  bytes.write(little ? 'II' : 'MM', 0, 'latin1');
  u16(42, 2);
  u32(8, 4);
  u16(3, 8);
  field(10, 0x0112, 3, 6);
  field(22, 0x8769, 4, 50);
  field(34, 0x0128, 3, 2);
  u32(76, 46);
  u16(2, 50);
  field(52, 0xa002, 3, 640);
  field(64, 0xa003, 4, 480);
  return bytes;
}

describe('exifOf', () => {
  it.each([true, false])('sets orientation and size and drops the thumbnail (little-endian: %s)', (little) => {
    const before = sample(little);
    const view = new DataView(Uint8Array.from(exifOf(before, size) as Uint8Array).buffer);
    expect(view.getUint16(18, little)).toBe(1);
    expect(view.getUint16(42, little)).toBe(2);
    expect(view.getUint32(46, little)).toBe(0);
    expect([view.getUint16(54, little), view.getUint32(60, little)]).toEqual([4, 70000]);
    expect(view.getUint32(72, little)).toBe(12);
    expect(before).toEqual(sample(little));
  });

  it('takes off the prefix of JPEG and leaves the rest', async () => {
    const exif = { IFD0: { Copyright: 'me' } };
    const jpeg = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#000' } })
      .withExif(exif)
      .jpeg()
      .toBuffer();
    const { exif: stored } = await sharp(jpeg).metadata();
    const out = Buffer.from(exifOf(stored as Buffer, size) as Uint8Array);
    expect(out.subarray(0, 2).toString('latin1')).toMatch(/II|MM/);
    expect(out.includes('me\0')).toBe(true);
  });

  it('gives nothing for what is no EXIF, cut, or goes round', () => {
    expect(exifOf(Buffer.from('hello, no EXIF'), size)).toBeNull();
    for (let length = 0; length < 50; length++) expect(exifOf(sample(true).subarray(0, length), size)).toBeNull();
    const round = sample(true);
    round.writeUInt32LE(8, 30);
    expect(exifOf(round, size)).not.toBeNull();
  });
});

describe('xmpOf', () => {
  it('is upright', () => {
    const xmp = Buffer.from('<x tiff:Orientation="6" a="6"/><tiff:Orientation>8</tiff:Orientation>é');
    const upright = '<x tiff:Orientation="1" a="6"/><tiff:Orientation>1</tiff:Orientation>é';
    expect(Buffer.from(xmpOf(xmp)).toString()).toBe(upright);
  });
});
