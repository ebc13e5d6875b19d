import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { scratch } from '../../test/fqsr.js';
import { openJsonLines } from './json-lines.js';

const at = scratch();
const read = (path: string) => readFileSync(path, 'utf8');

it('keeps the lines up to the step that a run resumes from, and drops one that was cut off', async () => {
  const path = at('log.jsonl');
  const log = await openJsonLines<{ step: number }>(path, 0);
  for (const step of [1, 2, 3]) await log.append({ step });
  expect(log.lines).toEqual([{ step: 1 }, { step: 2 }, { step: 3 }]);
  writeFileSync(path, `${read(path)}{"step":4,"lo`);
  const resumed = await openJsonLines<{ step: number }>(path, 2);
  expect(resumed.lines).toEqual([{ step: 1 }, { step: 2 }]);
  expect(read(path)).toBe('{"step":1}\n{"step":2}\n');
  await resumed.append({ step: 3 });
  expect(read(path)).toBe('{"step":1}\n{"step":2}\n{"step":3}\n');
});

it('begins a log that an interrupted run never checkpointed anew', async () => {
  const path = at('new.jsonl');
  writeFileSync(path, '{"step":1}\n');
  expect((await openJsonLines(path, 0)).lines).toEqual([]);
  expect(existsSync(path)).toBe(false);
});
