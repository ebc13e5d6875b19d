/**
 * What a page needs of this workspace: one script, and TF.js's WASM files.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { browserFiles } from '../browser/files.ts';

/** Bundles a TypeScript file and all that it imports, from the packages' sources, into one script for browsers. */
export async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    plugins: [browserFiles],
    logLevel: 'silent',
  });
  return outputFiles.map(({ text }) => text).join('\n');
}

/** TF.js's WASM files as a site: TF.js looks for them beside the script. */
export function wasmFiles(): Readonly<Record<string, Buffer>> {
  const folder = join(
    dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json')),
    'dist',
  );
  const names = readdirSync(folder).filter((name) => name.endsWith('.wasm'));
  return Object.fromEntries(names.map((name) => [`/${name}`, readFileSync(join(folder, name))]));
}
