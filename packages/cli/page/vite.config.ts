import { defineConfig } from 'vite';

/** The page of `fqsr serve`: relative addresses, no requests to elsewhere, beside the command's built files. */
export default defineConfig({
  base: './',
  build: { outDir: '../dist/page', emptyOutDir: true, target: 'es2022', modulePreload: false, sourcemap: false },
});
