import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Quantizer, quantizers, type Ste, stes } from '../src/registry.js';

const page = readFileSync(new URL('../../../docs/quantizers.md', import.meta.url), 'utf8').replaceAll('\\|', '|');
const curves = readFileSync(new URL('../../../docs/quantizers/surrogates.svg', import.meta.url), 'utf8');
const entries: readonly (readonly [string, Quantizer | Ste])[] = [
  ...Object.entries(quantizers),
  ...Object.entries(stes),
];

describe('docs/quantizers.md', () => {
  it.each(entries)('has %s with its formula and its options', (name, entry) => {
    const row = page.split('\n').filter((line) => line.startsWith(`| \`${name}\` |`) && line.includes(entry.formula));
    expect(row).toHaveLength(1);
    if ('params' in entry) for (const param of Object.keys(entry.params)) expect(row[0]).toContain(`\`${param}\``);
    else
      for (const [option, value] of Object.entries(entry.options)) expect(row[0]).toContain(`\`${option}\` ${value}`);
  });

  it.each(Object.keys(stes))('shows the curve of %s', (name) => {
    expect(curves).toMatch(new RegExp(`>${name}[,<]`));
  });
});
