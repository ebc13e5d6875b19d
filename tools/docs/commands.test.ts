/**
 * Every command line on a page, in a block or within a sentence, is one that can be given: a command that there is, flags that it has, values that they take; `npm run` names scripts, and `node` files that there are.
 * Not run here: what the README of the command shows is.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { flagName } from '../../packages/cli/src/command.ts';
import { commands } from '../../packages/cli/src/commands/registry.ts';
import { flagsOf } from '../../packages/cli/src/flags.ts';
import { blocksOf } from './blocks.ts';
import { pages, root } from './pages.ts';

/** By name. */
const known = new Map(await Promise.all(commands.map(async ({ name, load }) => [name, await load()] as const)));

/** Command lines of a page: of its blocks, joined where a line goes on, and those between backticks that begin as one. */
function linesOf(file: string): readonly string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const blocks = blocksOf(file, text)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => code.replaceAll('\\\n', ' ').split('\n'));
  const inline = [
    ...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`((?:npx )?fqsr [^`]+|node [^`]+\.mjs[^`]*|npm run [^`]+)`/g),
  ];
  return [...blocks, ...inline.map(([, line = '']) => line.replaceAll('\n', ' '))]
    .flatMap((line) => line.replace(/(^|\s)#.*$/, '').split(/\s(?:&&|\||;)\s/))
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Words of a line; quotes hold together. Brackets say what may be left out. */
const wordsOf = (line: string) =>
  [...line.replace(/[[\]]/g, '').matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '');

/** A name for a value, such as FILE or N, or several of them. */
const isPlaceholder = (value: string) => /[A-Z]{1,}|\.\.\.|…|\|/.test(value);

/** Scripts of the workspace, or of a package. */
const scriptsOf = (folder: string) =>
  JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).scripts as Record<string, string>;

/** What is wrong with a line; nothing, where it is no line of ours. @param folder of the page: its files may be named from there */
function complaint(line: string, folder = ''): string | null {
  const words = wordsOf(line);
  const program = words[0] === 'npx' ? words[1] : words[0];
  const rest = words.slice(words[0] === 'npx' ? 2 : 1);
  if (program === 'npm' && rest[0] === 'run') {
    const workspace = rest.includes('-w') ? (rest[rest.indexOf('-w') + 1] ?? '') : '';
    return scriptsOf(workspace)[rest[1] ?? ''] ? null : `no script ${rest[1]}`;
  }
  if (program === 'node') {
    const script = rest.find((word) => /\.m?js$/.test(word));
    if (!script?.includes('/')) return null;
    // What a build makes, the program of the command above all, need not be there.
    const exists = [root, join(root, folder)].some((from) => existsSync(join(from, script)));
    return script.includes('dist/') || exists ? null : `no file ${script}`;
  }
  return program === 'fqsr' ? complaintOfCommand(rest) : null;
}

function complaintOfCommand([name = '', ...rest]: readonly string[]): string | null {
  if (!/^[a-z]/.test(name)) return null;
  for (const each of name.split('|')) {
    const command = known.get(each);
    if (!command) return `no command ${each}`;
    const flags = flagsOf(command);
    const shape = command.options.shape as Readonly<Record<string, z.ZodType>>;
    for (let i = 0; i < rest.length; i++) {
      const word = rest[i] as string;
      if (!/^--?[a-z]/.test(word) || word === '--help') continue;
      const [long, inlined] = word.split('=');
      const flag = flags.find((one) => one.long === long || one.short === long);
      if (!flag) return `${each} has no flag ${word}`;
      if (flag.value === null) continue;
      const value = word.startsWith('--') && inlined !== undefined ? inlined : rest[++i];
      const key = Object.keys(shape).find((option) => flagName(option) === flag.long);
      if (value === undefined || key === undefined || isPlaceholder(value)) continue;
      if (shape[key]?.safeParse(value).success === false) return `${each} ${flag.long} does not take ${value}`;
    }
  }
  return null;
}

describe.each(Object.keys(pages()))('%s', (file) => {
  it('shows command lines that can be given', () => {
    expect(linesOf(file).flatMap((line) => complaint(line, dirname(file))?.concat(`: ${line}`) ?? [])).toEqual([]);
  });
});

it('tells what cannot', () => {
  expect(complaint('fqsr trian -o x')).toBe('no command trian');
  expect(complaint('fqsr train|evil --backend wasm')).toBe('no command evil');
  expect(complaint('npx fqsr train --stepz 4')).toBe('train has no flag --stepz');
  expect(complaint('fqsr train --steps many -o x')).toBe('train --steps does not take many');
  expect(complaint('fqsr train --steps N -o runs/x --loss l1=0.25')).toBe(null);
  expect(complaint('npm run nothing')).toBe('no script nothing');
  expect(complaint('node tools/none.mjs')).toBe('no file tools/none.mjs');
});
