import { browserFiles } from '../../tools/browser/files.ts';
import { library } from '../../tsup.base.ts';

/** For Node, and for browsers in `dist/browser`: neither cleans the other away. */
export default [
  library({ entry: ['src/index.ts', 'src/prefetch-worker.ts'], platform: 'node', clean: ['!browser/**'] }),
  library({
    entry: ['src/browser/index.ts'],
    outDir: 'dist/browser',
    platform: 'browser',
    target: 'es2022',
    esbuildPlugins: [browserFiles],
  }),
];
