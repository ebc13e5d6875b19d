import { library } from '../../tsup.base.ts';

// The runtime publishes with zero dependencies: the integer truth of quant-core/spec is inlined, types included.
export default library({
  entry: ['src/index.ts', 'src/format.ts', 'src/worker.ts'],
  // Each entry is one file without any import, fit to be served as it is; but for the worker's, which is the main one put to work.
  splitting: false,
  external: [/^\.\/index\.js$/],
  // A page loads what stands here.
  minify: true,
  // The kernels stand before the code: gzip packs digits and code tighter apart.
  inject: ['src/kernels/wasm/binary.generated.ts'],
  noExternal: [/^@fqsr\/quant-core/],
  dts: { resolve: [/^@fqsr\/quant-core/] },
});
