/**
 * The runtime as a script for a page: it defines `upscaleOn(backend, threads, file, images)`. An image is its width, its height and its samples.
 */
import { type BackendName, load } from '@fqsr/runtime';

Object.assign(globalThis, {
  upscaleOn: async (
    backend: BackendName,
    threads: number,
    file: readonly number[],
    images: readonly (readonly number[])[],
  ) => {
    using upscaler = await load(Uint8Array.from(file), { backend, threads, memoryBytes: 0 });
    const results: number[][] = [];
    for (const [width = 0, height = 0, ...data] of images) {
      const image = { width, height, channels: 3, data: Uint8Array.from(data) } as const;
      results.push([...(await upscaler.upscale(image)).data]);
    }
    return results;
  },
});
