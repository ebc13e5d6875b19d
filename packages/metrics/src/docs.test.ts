/** The pages that describe the conventions name all of them. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { conventionNames, conventions } from './index.js';

describe.each(['../README.md', '../../../docs/conventions.md'])('%s', (path) => {
  const text = readFileSync(new URL(path, import.meta.url), 'utf8');

  it.each(conventionNames)('has a row for %s', (name) => {
    const row = text.split('\n').find((line) => line.startsWith(`| \`${name}\` |`));
    expect(row).toContain(`| ${conventions[name].cropped} |`);
  });
});
