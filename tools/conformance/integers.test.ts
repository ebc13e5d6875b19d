/** Integer models give the same bytes in Chromium as the reference does on Node: every family, on every backend. */
import { fileURLToPath } from 'node:url';
import { type BackendName, type Image, runModel, serializeModel } from '@fqsr/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { families } from '../../packages/runtime/test/fuzz/families.ts';
import { randomImage } from '../../packages/runtime/test/models.ts';
import { scriptPage } from '../gpu/script-page.ts';
import { canRun } from '../gpu/unpack.ts';

declare global {
  var upscaleOn: (
    backend: BackendName,
    threads: number,
    file: readonly number[],
    images: readonly (readonly number[])[],
  ) => Promise<readonly (readonly number[])[]>;
}

const images: readonly Image[] = [
  randomImage(1, 19, 7),
  { width: 3, height: 5, channels: 3, data: new Uint8Array(45).fill(255) },
];

/** The others use the same kernels on a GPU; software takes seconds to compile those of a model. */
const onGpu = ['edsr', 'generator', 'midrise'];

describe.skipIf(!canRun() && !process.env['FQSR_CHROMIUM'])('in Chromium', () => {
  let site: Awaited<ReturnType<typeof scriptPage>>;
  beforeAll(async () => {
    site = await scriptPage(fileURLToPath(new URL('integers-page.ts', import.meta.url)));
  }, 120_000);
  afterAll(() => site.close());

  test.each([
    ['reference', 1],
    ['wasm', 1],
    ['wasm', 2],
    ['webgpu', 1],
  ] as const)(
    '%s, threads: %i',
    async (backend, threads) => {
      for (const [family, model] of Object.entries(families)) {
        if (backend === 'webgpu' && !onGpu.includes(family)) continue;
        const got = await site.page.evaluate(
          ([own, count, file, packed]) => globalThis.upscaleOn(own, count, file, packed),
          [
            backend,
            threads,
            [...serializeModel(model)],
            images.map(({ width, height, data }) => [width, height, ...data]),
          ] as const,
        );
        expect(got, family).toEqual(images.map((image) => [...runModel(model, image).data]));
      }
    },
    180_000,
  );
});
