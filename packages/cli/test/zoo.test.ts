/** The networks that come along: listed, and used where no model is named, or by name. */
import { readFileSync, writeFileSync } from 'node:fs';
import { decodeImage, encodePng, makeImage } from '@fqsr/datasets';
import { bestZooModel, zoo } from '@fqsr/sr-models/zoo';
import { expect, it } from 'vitest';
import { scratch } from './fqsr.js';
import { runHere } from './in-process.js';

const at = scratch();

it('are listed with their figures', async () => {
  const { code, said } = await runHere('zoo');
  expect(code).toBe(0);
  for (const { name, figures } of zoo) {
    expect(said).toContain(name);
    expect(said).toContain(figures['Set5']?.psnr.toFixed(2));
  }
});

it('upscale an image where no model is named, at the scale that is asked for', async () => {
  const data = Uint8Array.from({ length: 12 * 10 * 3 }, (_, i) => (i * 37) % 256);
  writeFileSync(at('in.png'), await encodePng(makeImage(12, 10, data)));
  for (const scale of [2, 4]) {
    const best = bestZooModel(scale).name;
    const options = scale === 2 ? [] : ['--scale', '4'];
    const { code, said } = await runHere('upscale', at('in.png'), '-o', at('out.png'), ...options);
    expect(code, said).toBe(0);
    const out = readFileSync(at('out.png'));
    expect(await decodeImage(out)).toMatchObject({ width: 12 * scale, height: 10 * scale });
    expect((await runHere('upscale', at('in.png'), '-o', at('named.png'), '--model', best)).code).toBe(0);
    expect(readFileSync(at('named.png')).equals(out)).toBe(true);
  }
  const none = await runHere('upscale', at('in.png'), '-o', at('out.png'), '--scale', '3');
  expect([none.code, none.said]).toEqual([2, expect.stringMatching(/--scale: scale must be one of 2, 4, got 3/)]);
});

it('are what info and eval take by name, and a mistyped one is met by its neighbour', async () => {
  const { name } = bestZooModel(2);
  const info = await runHere('info', name, '--audit');
  expect([info.code, info.said]).toEqual([0, expect.stringContaining('fully quantized')]);
  expect((await runHere('eval', '--model', name, '--data', 'dead-leaves:1:32')).code).toBe(0);
  const wrong = await runHere('eval', '--model', `${name}8`, '--data', 'dead-leaves:1:32');
  expect([wrong.code, wrong.said]).toEqual([1, expect.stringContaining(`Did you mean ${name}?`)]);
});
