/**
 * Where the packages' sources are: `paths` of tsconfig.base.json, which TypeScript and esbuild read themselves. Manifests name built files alone, so that they are published as they stand.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url);

/** The source file of each entry of our packages, e.g. `@fqsr/runtime/format`: path from the root. */
export function sourcePaths(): Readonly<Record<string, string>> {
  const { compilerOptions } = JSON.parse(readFileSync(new URL('tsconfig.base.json', root), 'utf8')) as {
    readonly compilerOptions: { readonly paths: Readonly<Record<string, readonly [string]>> };
  };
  return Object.fromEntries(Object.entries(compilerOptions.paths).map(([name, [path]]) => [name, path]));
}

/** The same for Vite: whole names alone, absolute paths. */
export function sourceAliases(): { readonly find: RegExp; readonly replacement: string }[] {
  return Object.entries(sourcePaths()).map(([name, path]) => ({
    find: new RegExp(`^${name}$`),
    replacement: fileURLToPath(new URL(path, root)),
  }));
}
