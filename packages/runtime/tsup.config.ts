import type { Options } from 'tsup';
import { library } from '../../tsup.base.ts';

// The runtime publishes with zero dependencies: the integer truth of quant-core/spec is inlined, types included.
const alone = {
  // Each entry is one file without any import, fit to be served as it is; but for the worker's, which is the main one put to work.
  splitting: false,
  external: [/^\.\/index\.js$/],
  noExternal: [/^@fqsr\/quant-core/],
  dts: { resolve: [/^@fqsr\/quant-core/] },
} satisfies Options;

/** What pages load, and what services on Node do: neither cleans the other away. */
export default [
  library({
    ...alone,
    entry: ['src/index.ts', 'src/format.ts', 'src/worker.ts'],
    minify: true,
    // The kernels stand before the code: gzip packs digits and code tighter apart.
    inject: ['src/kernels/wasm/binary.generated.ts'],
    clean: ['!server*'],
  }),
  library({
    ...alone,
    entry: ['src/server.ts', 'src/server-worker.ts'],
    platform: 'node',
    clean: false,
  }),
];
