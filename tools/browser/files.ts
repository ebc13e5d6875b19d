/** What has another form in browsers: for esbuild, where it bundles our sources. */
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';

const inBrowsers = [
  [/^@fqsr\/datasets$/, 'index.ts'],
  [/\/jpeg-codec\.js$/, 'jpeg-codec.ts'],
] as const;

/** Takes the files of `packages/datasets/src/browser` in place of those for Node. */
export const browserFiles: Plugin = {
  name: 'browser-files',
  setup: (build) => {
    for (const [filter, file] of inBrowsers) {
      const path = fileURLToPath(new URL(`../../packages/datasets/src/browser/${file}`, import.meta.url));
      build.onResolve({ filter }, () => ({ path }));
    }
  },
};
