import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { sourcePaths } from './sources.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

it('knows the source of each entry that a package exports', () => {
  const entries = readdirSync(`${root}/packages`).flatMap((folder) => {
    const { name, exports } = JSON.parse(readFileSync(`${root}/packages/${folder}/package.json`, 'utf8')) as {
      readonly name: string;
      readonly exports: Readonly<Record<string, string | object>>;
    };
    return Object.keys(exports).flatMap((path) => (path.endsWith('.json') ? [] : [name + path.slice(1)]));
  });
  const paths = sourcePaths();
  expect(Object.keys(paths).sort()).toEqual(entries.sort());
  for (const path of Object.values(paths)) expect(existsSync(`${root}/${path}`), path).toBe(true);
});
