/** The first files of `node tools/fuzz-format.mjs`: every kind of change many times. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { expectSame, read } from './judge.js';
import { openMutator } from './mutate.js';

const FILES = 2500;

describe('changed files', () => {
  it('are refused for a documented reason, or run to the same bytes on every backend', async () => {
    const mutant = openMutator(1);
    const reasons = new Set<string>();
    const valid = new Set<string>();
    for (let number = 0; number < FILES; number++) {
      const { family, kind, file, originals } = mutant(number);
      const context = `file ${number}, ${family}, ${kind}`;
      try {
        const outcome = read(file);
        if ('reason' in outcome) reasons.add(outcome.reason);
        else {
          await expectSame(outcome.model, originals);
          valid.add(kind);
        }
      } catch (cause) {
        throw new Error(`${context}: ${(cause as Error).message}`, { cause });
      }
    }
    expect([...valid]).toEqual(
      expect.arrayContaining(['arithmetic', 'limits', 'values of a tensor', 'several changes']),
    );
    const documented = readFileSync(new URL('../../../../docs/format.md', import.meta.url), 'utf8');
    expect([...reasons].filter((reason) => !documented.includes(`| ${reason.replaceAll('|', '\\|')} |`))).toEqual([]);
  }, 240_000);
});
