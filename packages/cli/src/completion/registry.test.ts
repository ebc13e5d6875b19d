import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { scratch } from '../../test/fqsr.js';
import { commands } from '../commands/registry.js';
import { completables } from './completables.js';
import { shellNames, shells } from './registry.js';

const completable = await completables(commands);
const at = scratch();
const here = (shell: string) => spawnSync(shell, ['--version']).status === 0;

describe.each(shellNames)('%s', (name) => {
  const script = shells[name].script(completable);

  it('knows every command and every flag', () => {
    for (const { name: command, flags } of completable) {
      expect(script).toMatch(new RegExp(`\\b${command}\\b`));
      for (const { long } of flags) expect(script).toContain(name === 'fish' ? `-l ${long.slice(2)}` : long);
    }
  });

  it.skipIf(!here(name))('is a script of that shell', () => {
    const file = at(`completion.${name}`);
    writeFileSync(file, script);
    const { status, stderr } = spawnSync(name, ['-n', file], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});

describe.skipIf(!here('bash'))('in bash', () => {
  const complete = (...words: string[]) => {
    const line = words.map((word) => `'${word}'`).join(' ');
    const ask = `COMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _fqsr; echo "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', `${shells.bash.script(completable)}${ask}`], {
      encoding: 'utf8',
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
    });
    expect(stderr).toBe('');
    return stdout.trim();
  };

  it.each([
    [['fqsr', 'up'], 'upscale'],
    [['fqsr', 'upscale', '--ov'], '--overwrite'],
    [['fqsr', 'export', 'a.safetensors', '--format', 'onnx-'], 'onnx-float'],
    [['fqsr', 'datasets', 'f'], 'fetch'],
    [['fqsr', 'completion', ''], shellNames.join(' ')],
    [['fqsr', 'info', 'tsup.con'], 'tsup.config.ts'],
  ])('%j is completed by %s', (words, expected) => {
    expect(complete(...words)).toBe(expected);
  });
});

it.skipIf(!here('fish'))('in fish a command is completed with what it does', () => {
  const file = at('fqsr.fish');
  writeFileSync(file, shells.fish.script(completable));
  const complete = (line: string) =>
    spawnSync('fish', ['-c', `source ${file}; complete -C '${line}'`], { encoding: 'utf8' }).stdout;
  expect(complete('fqsr up')).toMatch(/^upscale\tUpscale images/);
  expect(complete('fqsr export a --format onnx-')).toMatch(/^onnx-float/);
});
