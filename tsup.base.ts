import { defineConfig, type Options } from 'tsup';

/** The build that every package shares: ESM, types, source maps, one folder `dist`. */
export const library = (options: Options) =>
  defineConfig({
    format: 'esm',
    target: 'node20',
    platform: 'neutral',
    outDir: 'dist',
    dts: true,
    sourcemap: true,
    clean: true,
    splitting: true,
    treeshake: true,
    ...options,
  });
