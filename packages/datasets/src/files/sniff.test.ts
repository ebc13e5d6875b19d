import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../decode.js';
import { isAnimatedPng, sniff } from './sniff.js';

const flat = () => sharp({ create: { width: 4, height: 4, channels: 3, background: '#c83c28' } });
const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe('sniff', () => {
  it.each(['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const)('knows %s', async (container) => {
    expect(sniff(await flat().toFormat(container).toBuffer())).toEqual({ container });
  });

  it.each([
    ['PK\x03\x04\x14\0', 'a zip archive'],
    ['\x1f\x8b\x08', 'gzip data'],
    ['<?xml version="1.0"?>\n<!-- a -->\n<svg width="9">', 'an SVG drawing'],
    ['\0\0\0\x18ftypheic\0\0', 'a HEIC image'],
    ['%PDF-1.7', 'a PDF document'],
    ['BM\x46\0\0\0\0\0\0\0', 'a BMP image'],
    ['hello', 'other data'],
    ['', 'no data'],
  ])('calls %j %s', async (text, other) => {
    expect(sniff(latin1(text))).toEqual({ other });
    await expect(decodeImage(latin1(text), 'a.png')).rejects.toThrow(`a.png must be an image file, got ${other}`);
  });
});

describe('isAnimatedPng', () => {
  it('looks for acTL before the samples', async () => {
    const png = await flat().png().toBuffer();
    const control = Buffer.concat([Buffer.from([0, 0, 0, 8]), latin1('acTL'), Buffer.alloc(12)]);
    // After the header chunk.
    const animated = Buffer.concat([png.subarray(0, 33), control, png.subarray(33)]);
    expect(isAnimatedPng(png)).toBe(false);
    expect(isAnimatedPng(animated)).toBe(true);
    expect(isAnimatedPng(animated.subarray(0, 36))).toBe(false);
    await expect(decodeImage(animated, 'a.png')).rejects.toThrow('a.png must be one image, got an animated PNG');
  });
});
