/** The packages as npm would publish them. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Folders below `packages`. */
export const packageFolders = readdirSync(join(root, 'packages'));

/** The manifest of a package, by its folder. */
export function manifestOf(folder) {
  return JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'));
}

/**
 * Packs every package.
 *
 * @param into folder for the tarballs
 * @returns for each: `folder` below `packages`, `name`, `tarball` (path), `size` and `unpackedSize` in bytes, `files` (paths in the package)
 */
export async function packAll(into) {
  const { stdout } = await promisify(execFile)(
    'npm',
    ['pack', '--workspaces', '--json', '--silent', '--pack-destination', into],
    { cwd: root, maxBuffer: 2 ** 26, env: { ...process.env, npm_config_ignore_scripts: 'true' } },
  );
  const packed = Object.values(JSON.parse(stdout));
  return packageFolders.map((folder) => {
    const { name } = manifestOf(folder);
    const one = packed.find((each) => each.name === name);
    if (!one) throw new Error(`[tools] packAll: npm pack must pack ${name}, got nothing (add it to the workspaces)`);
    const { filename, size, unpackedSize, files } = one;
    return { folder, name, tarball: join(into, filename), size, unpackedSize, files: files.map(({ path }) => path) };
  });
}
