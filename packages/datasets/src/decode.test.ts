import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeImage, readImage } from './decode.js';
import { encodeImage, encodePng } from './encode.js';
import { makeImage } from './image.js';
import { pairFromHr } from './pair.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'datasets-decode-'));
});
afterAll(() => rm(folder, { recursive: true }));

const scene = makeImage(
  37,
  21,
  Uint8Array.from({ length: 37 * 21 * 3 }, (_, i) => (i * 7 + (i >> 5)) & 255),
);

/** A grey little-endian TIFF file of 32-bit samples, one row. */
function tiffOf(samples: Float32Array, format: number): Buffer {
  const entries = [
    [256, 4, samples.length],
    [257, 4, 1],
    [258, 3, 32],
    [259, 3, 1],
    [262, 3, 1],
    [273, 4, 8],
    [277, 3, 1],
    [278, 4, 1],
    [279, 4, samples.byteLength],
    [339, 3, format],
  ] as const;
  const bytes = Buffer.alloc(8 + samples.byteLength + 2 + 12 * entries.length + 4);
  bytes.write('II*\0', 0, 'latin1');
  const directory = 8 + samples.byteLength;
  bytes.writeUInt32LE(directory, 4);
  Buffer.from(samples.buffer).copy(bytes, 8);
  bytes.writeUInt16LE(entries.length, directory);
  for (const [i, [tag, type, value]] of entries.entries()) {
    const at = directory + 2 + 12 * i;
    bytes.writeUInt16LE(tag, at);
    bytes.writeUInt16LE(type, at + 2);
    bytes.writeUInt32LE(1, at + 4);
    if (type === 3) bytes.writeUInt16LE(value, at + 8);
    else bytes.writeUInt32LE(value, at + 8);
  }
  return bytes;
}

async function write(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

describe('readImage', () => {
  it('returns what PNG and lossless WebP were made of', async () => {
    expect(await readImage(await write('a.png', await encodePng(scene)))).toMatchObject(scene);
    expect(await readImage(await write('a.webp', await encodeImage(scene, 'a.webp')))).toMatchObject(scene);
  });

  it('returns nearly what JPEG was made of', async () => {
    const flat = makeImage(16, 16, new Uint8Array(768).fill(90));
    const { data } = await readImage(await write('a.jpg', await encodeImage(flat, '.JPG')));
    expect(data.every((value) => Math.abs(value - 90) <= 1)).toBe(true);
  });

  it('replicates grey', async () => {
    const raw = { width: 2, height: 2, channels: 1 } as const;
    const png = await sharp(Uint8Array.of(0, 100, 200, 255), { raw })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect((await sharp(png).metadata()).channels).toBe(1);
    expect([...(await decodeImage(png)).data]).toEqual([0, 0, 0, 100, 100, 100, 200, 200, 200, 255, 255, 255]);
  });

  it('keeps the upper 8 of 16 bits', async () => {
    const samples = Uint16Array.of(0, 0x1234, 0x80ff, 0xffff, 0x00ff, 0x0100);
    const upper = [0, 0x12, 0x80, 0xff, 0, 1];
    const cases = [
      ['rgb16', 3, upper],
      ['grey16', 1, upper.flatMap((value) => [value, value, value])],
    ] as const;
    for (const [space, channels, expected] of cases) {
      const raw = { width: 6 / channels, height: 1, channels };
      const png = await sharp(samples, { raw }).toColourspace(space).png().toBuffer();
      expect(await sharp(png).metadata()).toMatchObject({ depth: 'ushort', channels });
      expect([...(await decodeImage(png)).data]).toEqual(expected);
    }
  });

  it('drops alpha and keeps the colours under it', async () => {
    const raw = { width: 2, height: 1, channels: 4 } as const;
    const png = await sharp(Uint8Array.of(10, 20, 30, 0, 40, 50, 60, 128), { raw })
      .png()
      .toBuffer();
    expect([...(await decodeImage(png)).data]).toEqual([10, 20, 30, 40, 50, 60]);
  });

  it('applies the orientation', async () => {
    const raw = { width: 37, height: 21, channels: 3 } as const;
    const turned = await sharp(scene.data, { raw }).withMetadata({ orientation: 6 }).png().toBuffer();
    expect(await decodeImage(turned)).toMatchObject({ width: 21, height: 37 });
  });

  it('keeps samples under an sRGB profile as they are', async () => {
    const raw = { width: 37, height: 21, channels: 3 } as const;
    const png = await sharp(scene.data, { raw }).withIccProfile('srgb').png().toBuffer();
    expect((await sharp(png).metadata()).icc).toBeDefined();
    expect(await decodeImage(png)).toMatchObject(scene);
  });

  it('reads palettes, CMYK, alpha in 16 bits, black and white, and one pixel', async () => {
    const raw = { width: 2, height: 1, channels: 3 } as const;
    const two = sharp(Uint8Array.of(255, 0, 0, 0, 0, 255), { raw });
    const palette = await two.clone().png({ palette: true, colours: 2 }).toBuffer();
    expect(await sharp(palette).metadata()).toMatchObject({ isPalette: true });
    expect([...(await decodeImage(palette)).data]).toEqual([255, 0, 0, 0, 0, 255]);
    const flat = sharp({ create: { width: 16, height: 16, channels: 3, background: '#c83c28' } });
    for (const type of ['jpeg', 'tiff'] as const) {
      const cmyk = await flat.clone().toColourspace('cmyk').toFormat(type).toBuffer();
      expect(await sharp(cmyk).metadata()).toMatchObject({ channels: 4, space: 'cmyk' });
      const { width, data } = await decodeImage(cmyk);
      expect([width, data.length]).toEqual([16, 768]);
      const [r = 0, g = 0, b = 0] = data;
      expect(r > 150 && g < 110 && b < 110, `${type} ${r} ${g} ${b}`).toBe(true);
    }
    const rgba16 = await sharp(Uint16Array.of(0x1234, 0x80ff, 0xffff, 0), { raw: { width: 1, height: 1, channels: 4 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect([...(await decodeImage(rgba16)).data]).toEqual([0x12, 0x80, 0xff]);
    const greyAlpha = await sharp(Uint8Array.of(7, 0, 200, 255), { raw: { width: 2, height: 1, channels: 2 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect([...(await decodeImage(greyAlpha)).data]).toEqual([7, 7, 7, 200, 200, 200]);
    const one = makeImage(1, 1, Uint8Array.of(1, 2, 3));
    expect(await decodeImage(await encodePng(one))).toMatchObject(one);
    expect(() => pairFromHr('one', one, 2)).toThrow(/one must be at least 2 pixels wide and high, got 1x1/);
  });

  it('says what the file held', async () => {
    const raw = { width: 37, height: 21, channels: 3 } as const;
    const image = () => sharp(scene.data, { raw });
    const plain = { container: 'png', bitDepth: 8, colour: 'rgb', alpha: false, profile: 'none' };
    const cases: readonly [Promise<Buffer>, object][] = [
      [image().png().toBuffer(), plain],
      [image().toColourspace('rgb16').png().toBuffer(), { ...plain, bitDepth: 16 }],
      [image().png({ palette: true, colours: 4 }).toBuffer(), { ...plain, colour: 'palette' }],
      [image().toColourspace('b-w').png().toBuffer(), { ...plain, colour: 'grey' }],
      [image().ensureAlpha(0.5).png().toBuffer(), { ...plain, alpha: true }],
      [image().withIccProfile('srgb').png().toBuffer(), { ...plain, profile: 'sRGB' }],
      [image().withIccProfile('p3').png().toBuffer(), { ...plain, profile: 'converted' }],
      [image().toColourspace('cmyk').jpeg().toBuffer(), { ...plain, container: 'jpeg', colour: 'cmyk' }],
      [image().webp().toBuffer(), { ...plain, container: 'webp' }],
    ];
    for (const [bytes, stored] of cases) expect((await decodeImage(await bytes)).stored).toEqual(stored);
    const pair = pairFromHr('wide', await decodeImage(await cases[1]![0]), 2);
    expect(pair.hr.stored?.bitDepth).toBe(16);
    expect(pair.lr.stored).toBeUndefined();
    expect(pair.pixels).toEqual({ bitDepth: 8, range: [0, 255], colour: 'sRGB' });
  });

  it('refuses samples without a range', async () => {
    const float = tiffOf(Float32Array.of(0, 0.5, 1, 2), 3);
    await expect(decodeImage(float, 'f.tif')).rejects.toThrow(/f\.tif must have samples of 1 to 16 bits, got float/);
  });

  it('names what is missing, a folder, no image, empty or cut', async () => {
    const [png, jpg, webp] = await Promise.all(['.png', '.jpg', '.webp'].map((type) => encodeImage(scene, type)));
    await expect(readImage(join(folder, 'none.png'))).rejects.toThrow(/\[datasets\] .*none\.png does not exist/);
    await expect(readImage(folder)).rejects.toThrow(/must be a file, got a folder/);
    await expect(readImage(await write('t.png', Buffer.from('hello')))).rejects.toThrow(/t\.png must be an image/);
    await expect(readImage(await write('e.png', new Uint8Array(0)))).rejects.toThrow(/e\.png must be an image/);
    await expect(
      readImage(await write('v.svg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'))),
    ).rejects.toThrow(/must be an image file, got an SVG drawing/);
    for (const [name, bytes] of Object.entries({ 'c.png': png!, 'c.jpg': jpg!, 'c.webp': webp! })) {
      const path = await write(name, bytes.subarray(0, Math.floor(bytes.length * 0.6)));
      const error = await readImage(path).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(Error);
      expect(String(error)).toMatch(new RegExp(`${name.replace('.', '\\.')} is damaged or truncated`));
      expect(String(error)).not.toContain('\n');
    }
  });
});

describe('encodeImage', () => {
  it('refuses an unknown extension', async () => {
    await expect(encodeImage(scene, 'out.bmp')).rejects.toThrow(/out\.bmp must end in \.png, \.jpg/);
  });
});
