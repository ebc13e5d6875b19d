/** `fqsr upscale` on images as people have them, and on files that are none. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openImageFile } from '@fqsr/datasets';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { scratch, start } from './fqsr.js';
import { hostileFiles } from './hostile.js';
import { runHere } from './in-process.js';

const at = scratch();
const model = ['--model', fileURLToPath(new URL('../../runtime/test/goldens/edsr-x2-w4a4s8.fqsr', import.meta.url))];
const [width, height] = [20, 12];

const image = (channels: 1 | 2 | 3 | 4, most = 255, opaque = false) => {
  const data = Array.from({ length: width * height * channels }, (_, i) =>
    opaque && i % channels === channels - 1 ? most : (Math.imul(i, 7919) >>> 3) % (most + 1),
  );
  return sharp(most > 255 ? Uint16Array.from(data) : Uint8Array.from(data), { raw: { width, height, channels } });
};

/** Writes a file and upscales it. */
async function upscale(input: string, bytes: Buffer, output: string, ...more: string[]) {
  writeFileSync(at(input), bytes);
  return runHere('upscale', at(input), '-o', at(output), ...model, ...more);
}

describe('upscale keeps what an image is', () => {
  it.each([
    ['grey.png', () => image(1).toColourspace('b-w').png(), 'grey-out.png', { channels: 1, depth: 'uchar' }],
    ['ga.png', () => image(2).toColourspace('b-w').png(), 'ga-out.png', { channels: 2, depth: 'uchar' }],
    ['rgba.png', () => image(4).png(), 'rgba-out.webp', { channels: 4, format: 'webp' }],
    ['deep.png', () => image(3, 65535).toColourspace('rgb16').png(), 'deep-out.tif', { channels: 3, depth: 'ushort' }],
    [
      'deep-grey.tif',
      () => image(1, 65535).toColourspace('grey16').tiff({ compression: 'lzw' }),
      'deep-grey-out.png',
      { channels: 1, depth: 'ushort' },
    ],
    ['palette.png', () => image(3).png({ palette: true }), 'palette-out.png', { channels: 3, isPalette: false }],
    ['cmyk.jpg', () => image(3).toColourspace('cmyk').jpeg(), 'cmyk-out.jpg', { channels: 3, space: 'srgb' }],
    ['p3.jpg', () => image(3).withIccProfile('p3').jpeg(), 'p3-out.avif', { channels: 3, hasProfile: true }],
    ['opaque.png', () => image(4, 255, true).png(), 'opaque-out.jpg', { channels: 3, format: 'jpeg' }],
  ] as const)('%s', async (input, make, output, expected) => {
    const { code, said } = await upscale(input, await make().toBuffer(), output);
    expect(code, said).toBe(0);
    expect(await sharp(at(output)).metadata()).toMatchObject({ width: 2 * width, height: 2 * height, ...expected });
  });

  it('turns an image upright and keeps its metadata, or strips it', async () => {
    const turned = image(3)
      .withMetadata({ orientation: 6 })
      .withExifMerge({ IFD0: { Copyright: 'me' } });
    const bytes = await turned.jpeg().toBuffer();
    expect((await upscale('turned.jpg', bytes, 'upright.jpg')).code).toBe(0);
    const kept = await sharp(at('upright.jpg')).metadata();
    expect(kept).toMatchObject({ width: 2 * height, height: 2 * width, orientation: 1 });
    expect(kept.exif?.includes('me\0')).toBe(true);
    expect((await upscale('turned.jpg', bytes, 'bare.jpg', '--strip')).code).toBe(0);
    const { exif, icc } = await sharp(at('bare.jpg')).metadata();
    expect([exif, icc]).toEqual([undefined, undefined]);
  });

  it('takes a quality, and refuses one for a format that has none', async () => {
    const bytes = await image(3).png().toBuffer();
    expect((await upscale('q.png', bytes, 'low.jpg', '--quality', '20', '--chroma', '4:2:0')).code).toBe(0);
    expect((await upscale('q.png', bytes, 'high.jpg')).code).toBe(0);
    expect(readFileSync(at('low.jpg')).length).toBeLessThan(readFileSync(at('high.jpg')).length / 2);
    expect((await sharp(at('low.jpg')).metadata()).chromaSubsampling).toBe('4:2:0');
    const { code, said } = await upscale('q.png', bytes, 'out.png', '--quality', '20');
    expect([code, said]).toEqual([2, expect.stringMatching(/^fqsr: --quality: must come with a format that has it/)]);
  });

  it('does not turn transparency black', async () => {
    const bytes = await image(4).png().toBuffer();
    const { code, said } = await upscale('t.png', bytes, 't.jpg');
    expect([code, said]).toEqual([1, expect.stringMatching(/^fqsr: .*t\.png: .*t\.jpg cannot hold its transparency/)]);
    const flat = (background: string) => sharp({ create: { width: 6, height: 6, channels: 4, background } }).png();
    const clear = await flat('#0000').toBuffer();
    expect((await upscale('c.png', clear, 'c.jpg', '--background', '#ffffff')).code).toBe(0);
    expect((await upscale('w.png', await flat('#fff').toBuffer(), 'w.jpg')).code).toBe(0);
    expect(readFileSync(at('c.jpg')).equals(readFileSync(at('w.jpg')))).toBe(true);
  });

  it('says what it cannot keep', async () => {
    const bytes = await image(3, 65535).toColourspace('rgb16').png().toBuffer();
    const { said } = await upscale('deep.png', bytes, 'eight.jpg');
    expect(said).toMatch(/deep\.png: 16 bits a sample are rounded to 8/);
  });

  it('takes a frame of an animation', async () => {
    const [, make] = hostileFiles.find(([name]) => name === 'animated.gif')!;
    expect((await upscale('frames.gif', await make(), 'frame.png', '--page', '2')).code).toBe(0);
    const file = await openImageFile(at('frame.png'), { scratch: at() });
    expect(file).toMatchObject({ width: 8, height: 6 });
  });
});

describe('hostile files are refused with one line and exit code 1', () => {
  it.each(hostileFiles)('%s', async (name, make, message) => {
    const { code, said } = await upscale(name, await make(), `out-of-${name}.png`);
    expect(said).toMatch(message);
    expect(said.trimEnd()).not.toContain('\n');
    expect(code).toBe(1);
    expect(readdirSync(at()).filter((file) => file.includes('out-of'))).toEqual([]);
  });

  it('and take no memory: a process of its own peaks as with a text file', async () => {
    writeFileSync(at('hook.mjs'), "process.on('exit', () => console.error('peak', process.resourceUsage().maxRSS));");
    writeFileSync(at('text.png'), 'no image');
    const peak = async (name: string): Promise<number> => {
      const args = ['upscale', at(name), '-o', at('out.png'), ...model];
      const { code, stderr } = await start(args, ['--import', at('hook.mjs')]).ended;
      expect(code, stderr).toBe(1);
      return Number(/peak (\d+)/.exec(stderr)?.[1]) / 1024;
    };
    const plain = await peak('text.png');
    expect(plain).toBeGreaterThan(0);
    // Their samples would take 768 MiB and more.
    for (const name of ['huge.png', 'empty-inside.png']) expect(await peak(name)).toBeLessThan(plain + 64);
  });
});
