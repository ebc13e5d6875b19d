/**
 * Files of version 1 stay readable and keep their output. `UPDATE_GOLDENS=1 npx vitest run src/goldens.test.ts` writes `test/goldens` anew from seeds; a change there
 * is a change of the format or of the arithmetic.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { edsr, randomImage } from '../test/models.js';
import { runNaive } from '../test/naive.js';
import { crc32 } from './crc32.js';
import { parseModel, serializeModel } from './format.js';
import { runModel } from './run.js';

const cases = {
  'edsr-x2-w4a4s8': { seed: 11, features: 6, blocks: 1, scale: 2, weightBits: 4, bits: 4, skipBits: 8 },
  'edsr-x3-w3a5s6': { seed: 12, features: 4, blocks: 1, scale: 3, weightBits: 3, bits: 5, skipBits: 6 },
  'edsr-x4-w8a8s8': { seed: 13, features: 4, blocks: 1, scale: 4, weightBits: 8, bits: 8, skipBits: 8 },
} as const;

describe.each(Object.entries(cases))('%s', (name, options) => {
  const at = (suffix: string) => new URL(`../test/goldens/${name}${suffix}`, import.meta.url);
  const image = randomImage(options.seed, 13, 9);

  it('gives the golden bytes', async () => {
    if (process.env['UPDATE_GOLDENS']) {
      const model = edsr(options);
      await writeFile(at('.fqsr'), serializeModel(model));
      await writeFile(at('.in.bin'), image.data);
      await writeFile(at('.out.bin'), Uint8Array.from(runNaive(model, image).get('result')?.values ?? []));
    }
    const [file, input, output] = await Promise.all(
      ['.fqsr', '.in.bin', '.out.bin'].map((suffix) => readFile(at(suffix))),
    );
    const model = parseModel(new Uint8Array(file ?? []));
    expect(crc32(image.data)).toBe(crc32(new Uint8Array(input ?? [])));
    expect([...runModel(model, image).data]).toEqual([...(output ?? [])]);
    expect(serializeModel(model)).toEqual(new Uint8Array(file ?? []));
  });
});
