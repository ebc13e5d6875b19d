/** The page of accuracy says what the run records say. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const built = ['datasets', 'runtime', 'sr-models'].every((name) =>
  existsSync(`${root}/packages/${name}/dist/index.js`),
);
if (!built) process.stderr.write('skipped: the tables of docs/accuracy.md, since the packages are not built\n');

it.skipIf(!built)('its tables are written from the records', () => {
  const check = () => execFileSync(process.execPath, [`${root}/tools/accuracy/tables.mjs`, '--check'], { cwd: root });
  expect(check).not.toThrow();
});
