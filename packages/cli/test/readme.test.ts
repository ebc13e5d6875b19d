/** The first block of the README runs: in small, and without what needs a network, a package that is not there, a quiet machine, or goes on until it is stopped. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { encodeImage, makeImage } from '@fqsr/datasets';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { scratch } from './fqsr.js';
import { runHere } from './in-process.js';

const at = scratch();
const before = process.cwd();
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const [, block = ''] = /```sh\n([\s\S]*?)```/.exec(readme) ?? [];
const lines = block.split('\n').flatMap((line) => /^fqsr (.*?)(?: +#.*)?$/.exec(line)?.[1] ?? []);

const notHere = /^(bench|doctor|datasets fetch|serve)/;
/** What makes a line small, by its command. */
const small: Readonly<Record<string, readonly string[]>> = {
  train: ['--data', 'dead-leaves:8:64', '--batch-size', '2', '--patch-size', '8', '--patches-per-image', '2'],
  eval: ['--data', 'dead-leaves:2:64'],
  export: ['--verify', 'dead-leaves:1:32'],
  quantize: ['--calibrate', 'dead-leaves:4:64', '--patches', '4', '--iterations', '2'],
  correct: ['--calibrate', 'dead-leaves:4:64', '--patches', '4', '--patch-size', '12'],
};

beforeAll(async () => {
  const photo = makeImage(
    12,
    10,
    Uint8Array.from({ length: 360 }, (_, i) => (i * 37) % 256),
  );
  mkdirSync(at('photos'));
  for (const name of ['photo.jpg', 'photos/one.jpg']) writeFileSync(at(name), await encodeImage(photo, name));
  process.chdir(at('.'));
});
afterAll(() => process.chdir(before));

it('has the way from training to an image', () => {
  expect(lines.map((line) => line.split(' ')[0])).toEqual(
    expect.arrayContaining(['train', 'eval', 'export', 'quantize', 'info', 'upscale', 'datasets']),
  );
});

it.each(lines.filter((line) => !notHere.test(line)))('fqsr %s', async (line) => {
  const words = line
    .replace('edsr-f16b4', 'edsr-f4b1')
    .replace(/dead-leaves:100:256/, 'dead-leaves:2:64')
    .split(/ +/);
  const steps = words[0] === 'train' ? ['--steps', words.includes('--plan') ? '4' : '3'] : [];
  const warmUp = words[0] === 'train' && words.includes('--plan') ? ['--warmup-steps', '2'] : [];
  const { code, said } = await runHere(...words, ...(small[words[0] as string] ?? []), ...steps, ...warmUp);
  expect(code, said).toBe(0);
});
