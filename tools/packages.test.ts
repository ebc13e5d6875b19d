/** The packages as npm would publish them: `check-packages.mjs` and the short form of `smoke-packages.mjs`. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = readdirSync(`${root}/packages`);
const built = folders.every((folder) => existsSync(`${root}/packages/${folder}/dist/index.js`));
if (!built) process.stderr.write('skipped: the packages as npm would publish them, since they are not built\n');

async function runTool(name: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [`${root}/tools/${name}`], { cwd: root });
  return stdout;
}

it.skipIf(!built)('are whole, small, and right for importers', async () => {
  expect(await runTool('check-packages.mjs')).toMatch(/^7 packages, 0 findings$/m);
});

it.skipIf(!built)(
  'work in an empty project outside the workspace',
  async () => {
    const said = await runTool('smoke-packages.mjs');
    const libraries = folders.filter((folder) => folder !== 'cli');
    for (const folder of libraries) expect(said).toContain(`ok: README of ${folder} on`);
    for (const what of ['plain JavaScript', 'the command', 'TypeScript, moduleResolution nodenext', 'bundler', 'Vite'])
      expect(said).toContain(what);
  },
  240_000,
);
