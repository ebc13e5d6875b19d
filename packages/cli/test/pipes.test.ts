import { expect, test } from 'vitest';
import { start } from './fqsr.js';

test('a reader that closes its pipe, as head does, ends a command quietly', async () => {
  const { process, ended } = start(['train', '--help']);
  process.stdout?.destroy();
  expect(await ended).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('messages that nobody reads are no error', async () => {
  const { process, ended } = start(['doctor', '--frobnicate']);
  process.stderr?.destroy();
  expect(await ended).toEqual({ code: 2, stdout: '', stderr: '' });
});
