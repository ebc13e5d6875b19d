import { type Image, makeImage, pairFromHr } from '@fqsr/datasets';
import { conventionNames, conventions, measure } from '@fqsr/metrics';
import { describe, expect, it } from 'vitest';
import type { Method } from './method.js';
import { checkConvention, methodNames, methods } from './registry.js';

const scene: Image = makeImage(
  48,
  36,
  Uint8Array.from({ length: 48 * 36 * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return 128 + 60 * Math.sin((pixel % 48) / 5) + 30 * Math.cos(pixel / 48 / 7) + (i % 3) * 9;
  }),
);

describe.each(methodNames)('%s', (name) => {
  const { compare, colours, protocol }: Method = methods[name];

  it.each([2, 3, 4])('gives an image as large as HR at x%i, near it', (scale) => {
    const pair = pairFromHr('scene', scene, scale);
    const { sr, hr } = compare(pair);
    expect([sr.width, sr.height, sr.channels]).toEqual([hr.width, hr.height, hr.channels]);
    expect([hr.width, hr.height]).toEqual([pair.hr.width, pair.hr.height]);
    expect(measure(sr, hr, { convention: 'edsr-benchmark', scale }).psnr).toBeGreaterThan(30);
  });

  it('is measured under the conventions of its colours only', () => {
    expect(protocol).not.toBe('');
    for (const convention of conventionNames) {
      const check = () => checkConvention(name, convention);
      if (colours.includes(conventions[convention].colour)) check();
      else expect(check).toThrow(/^--convention: must be one of /);
    }
  });
});

describe('bicubic-y', () => {
  it('measures a grey file on its grey values, any other on rounded luma', () => {
    const ramp = makeImage(
      32,
      32,
      Uint8Array.from({ length: 3072 }, (_, i) => (Math.floor(i / 3) * 37) & 255),
    );
    const asColour = methods['bicubic-y'].compare(pairFromHr('ramp', ramp, 2));
    const asGrey = methods['bicubic-y'].compare(pairFromHr('ramp', { ...ramp, grey: true }, 2));
    expect([...asGrey.hr.data]).toEqual([...ramp.data.filter((_, i) => i % 3 === 0)]);
    expect([...asColour.hr.data]).toEqual([...asGrey.hr.data].map((value) => Math.round(16 + (219 / 255) * value)));
  });
});
