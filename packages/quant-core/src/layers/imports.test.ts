import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** All modules of this package that a module loads, itself included. */
function loadedBy(module: URL, seen = new Set<string>()): Set<string> {
  if (seen.has(module.href)) return seen;
  seen.add(module.href);
  const source = readFileSync(module, 'utf8');
  for (const [, path = ''] of source.matchAll(/^(?:import|export) (?!type)[^;]*? from '(\.[^']+)'/gm)) {
    loadedBy(new URL(path.replace(/\.js$/, '.ts'), module), seen);
  }
  return seen;
}

const entry = (path: string) => [...loadedBy(new URL(path, import.meta.url))];

it.each(['../index.ts', '../registry.ts', '../spec.ts'])('%s loads none of the layers', (path) => {
  expect(entry(path).length).toBeGreaterThan(5);
  expect(entry(path).filter((module) => module.includes('/layers/'))).toEqual([]);
});

it('./index.ts loads them all', () => {
  expect(entry('./index.ts').filter((module) => module.includes('/layers/')).length).toBeGreaterThan(8);
});
