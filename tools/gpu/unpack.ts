/**
 * Unpacks what the npm package `@sparticuz/chromium` carries (a headless Chromium, the libraries that it needs, a software Vulkan device) once, into
 * `node_modules/.cache/fqsr`. Nothing is downloaded and nothing outside the checkout is touched.
 */

import { createReadStream, createWriteStream, existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import tar from 'tar-fs';

/** A folder in the cache and the package's files that are unpacked into it: tars, and Chromium's executable. */
export interface Bundle {
  readonly folder: string;
  readonly files: readonly string[];
}

/** Chromium loads SwiftShader from beside its executable; other processes must not see Chromium's libraries. */
export const bundles = {
  chromium: { folder: 'chromium', files: ['chromium.br', 'al2023.tar.br', 'swiftshader.tar.br'] },
  swiftshader: { folder: 'swiftshader', files: ['swiftshader.tar.br'] },
} as const satisfies Record<string, Bundle>;

/** Whether the package's binaries run on this machine: they are built for 64-bit x86 Linux. */
export const canRun = (): boolean => process.platform === 'linux' && process.arch === 'x64';

/** The package's folder and version; `null` where it is not installed. */
function findPackage(): { folder: string; version: string } | null {
  const require = createRequire(import.meta.url);
  const roots = require.resolve.paths('@sparticuz/chromium') ?? [];
  const folder = roots.map((root) => join(root, '@sparticuz', 'chromium')).find((path) => existsSync(path));
  if (!folder) return null;
  const manifest: { version: string } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return { folder, version: manifest.version };
}

/** Unpacks one file of the package: `NAME.tar.br` into `folder`, `NAME.br` to the executable `folder/NAME`. */
async function inflate(path: string, folder: string): Promise<void> {
  const input = [createReadStream(path), createBrotliDecompress()] as const;
  if (path.endsWith('.tar.br')) return pipeline(...input, tar.extract(folder));
  const executable = join(folder, basename(path, '.br'));
  await pipeline(...input, createWriteStream(executable, { mode: 0o755 }));
}

/**
 * The folder that holds the unpacked bundle; unpacks it on the first call. Safe to call from several processes at once: each unpacks into a folder of
 * its own, and the first rename wins.
 *
 * @throws Error when the package is not installed, or one of its files cannot be read
 */
export async function unpack({ folder, files }: Bundle): Promise<string> {
  const source = findPackage();
  if (!source) throw new Error('[tools] unpack: @sparticuz/chromium must be installed, found none (run npm ci)');
  const cache = join(dirname(dirname(source.folder)), '.cache', 'fqsr', `chromium-${source.version}`);
  const target = join(cache, folder);
  if (existsSync(target)) return target;
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(cache, `${folder}-`));
  try {
    for (const file of files) await inflate(join(source.folder, 'bin', file), draft);
    await chmod(draft, 0o755);
    await rename(draft, target);
  } catch (cause) {
    await rm(draft, { recursive: true });
    // Another process may have been first: its folder is as good.
    if (!existsSync(target)) throw cause;
  }
  return target;
}
