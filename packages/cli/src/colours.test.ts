import { expect, it } from 'vitest';
import { hasColours, styled } from './colours.js';

it.each([
  [true, {}, true],
  [false, {}, false],
  [true, { NO_COLOR: '1' }, false],
  [true, { NO_COLOR: '' }, true],
  [true, { TERM: 'dumb' }, false],
  [false, { FORCE_COLOR: '1' }, true],
  [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  [true, { FORCE_COLOR: '0' }, false],
])('terminal %s with %o: %s', (isTTY, env, has) => {
  expect(hasColours({ isTTY }, env)).toBe(has);
  expect(styled('red', 'no', { isTTY }, env)).toBe(has ? '\u001b[31mno\u001b[39m' : 'no');
});
