/** Bad input ends with one line that names the argument, what it must be and what to do; exit 1 or 2; nothing half-written. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { fqsr, scratch, tiny } from './fqsr.js';
import { runHere } from './in-process.js';

const at = scratch();

beforeAll(async () => {
  const trained = await runHere(
    'train',
    ...tiny,
    '--plan',
    'w4a4s8',
    '--warmup-steps',
    '2',
    '--steps',
    '4',
    '-o',
    at('run'),
  );
  expect(trained.code, trained.stderr).toBe(0);
  const exported = await runHere(
    'export',
    at('run', 'model.safetensors'),
    '-o',
    at('model.fqsr'),
    '--verify',
    'dead-leaves:1:32',
  );
  expect(exported.code, exported.stderr).toBe(0);
  const alter = (from: string, to: string, change: (bytes: Buffer) => Buffer) =>
    writeFileSync(at(to), change(readFileSync(at(from))));
  alter('model.fqsr', 'truncated.fqsr', (bytes) => bytes.subarray(0, bytes.length - 7));
  alter('model.fqsr', 'altered.fqsr', (bytes) => {
    bytes[bytes.length - 3] = (bytes[bytes.length - 3] as number) ^ 16;
    return bytes;
  });
  alter('run/model.safetensors', 'truncated.safetensors', (bytes) => bytes.subarray(0, 1000));
  alter('run/model.safetensors', 'altered.safetensors', (bytes) =>
    Buffer.from(bytes.toString('latin1').replace('"edsr"', '"esdr"').replace('\\"edsr\\"', '\\"esdr\\"'), 'latin1'),
  );
  writeFileSync(at('text.png'), 'this is not an image');
  writeFileSync(at('empty.png'), '');
  mkdirSync(at('empty'));
  mkdirSync(at('results'));
  writeFileSync(at('config.json'), '{ "setps": 3 }');
  writeFileSync(at('broken.json'), '{ "steps": ');
  mkdirSync(at('folder.fqsr'));
});

const model = ['--model', at('model.fqsr')];
const photo = () => ['upscale', at('text.png'), '-o', at('results', 'out.png'), ...model];

describe('one line, the right exit code, nothing written', () => {
  it.each<[string, () => string[], 1 | 2, RegExp]>([
    [
      'a missing image',
      () => ['upscale', at('no.png'), '-o', at('results', 'out.png'), ...model],
      1,
      /no\.png does not exist/,
    ],
    ['a file that is no image', photo, 1, /text\.png.*image/],
    ['an empty file', () => ['upscale', at('empty.png'), '-o', at('results', 'out.png'), ...model], 1, /empty\.png/],
    [
      'a missing model',
      () => ['upscale', at('text.png'), '-o', at('results', 'out.png'), '--model', at('no.fqsr')],
      1,
      /--model: .*no\.fqsr does not exist/,
    ],
    [
      'a truncated model',
      () => ['eval', '--data', 'dead-leaves:1:32', '--model', at('truncated.fqsr')],
      1,
      /truncated\.fqsr: /,
    ],
    [
      'an altered model',
      () => ['eval', '--data', 'dead-leaves:1:32', '--model', at('altered.fqsr')],
      1,
      /altered\.fqsr: /,
    ],
    [
      'a truncated checkpoint',
      () => ['export', at('truncated.safetensors'), '-o', at('results', 'out.fqsr')],
      1,
      /truncated\.safetensors: /,
    ],
    [
      'an altered checkpoint',
      () => ['export', at('altered.safetensors'), '-o', at('results', 'out.fqsr')],
      1,
      /altered\.safetensors: .*family must be one of edsr, .*got "esdr"/,
    ],
    ['an image as a checkpoint', () => ['info', at('text.png')], 1, /text\.png: /],
    [
      'an integer model where a checkpoint is wanted',
      () => ['export', at('model.fqsr'), '-o', at('results', 'out.fqsr')],
      1,
      /must be a checkpoint, got an integer model/,
    ],
    [
      'a scale that does not fit the model',
      () => ['eval', '--data', 'dead-leaves:1:32', '--scale', '4', ...model],
      2,
      /--scale: must be 2, the model's factor, got 4/,
    ],
    [
      'a scale that does not exist',
      () => ['eval', '--data', 'photos', '--scale', '7', '--method', 'bicubic'],
      2,
      /--scale: must be at most 4, got "7"/,
    ],
    [
      'a scale that is no number',
      () => ['eval', '--data', 'photos', '--scale', 'two', '--method', 'bicubic'],
      2,
      /--scale: must be a(n?) (number|integer), got "two"/,
    ],
    [
      'an unknown option',
      () => ['eval', '--data', 'photos', '--scael', '2'],
      2,
      /unknown option '--scael' \(Did you mean --scale\?\)/,
    ],
    ['an unknown command', () => ['upscael'], 2, /unknown command 'upscael' \(Did you mean upscale\?\)/],
    ['no command', () => [], 2, /--help/],
    [
      'an unknown model name',
      () => ['train', '--model', 'edsr-huge', '-o', at('results', 'run')],
      2,
      /--model: .*must be one of .*got "edsr-huge"/,
    ],
    [
      'an unknown plan',
      () => ['train', '--model', 'edsr-f4b1', '--plan', 'w9a4', '-o', at('results', 'run')],
      2,
      /--plan: .*got "w9a4"/,
    ],
    [
      'an unknown convention',
      () => ['eval', '--data', 'photos', '--scale', '2', '--method', 'bicubic', '--convention', 'y'],
      2,
      /--convention: .*edsr-benchmark/,
    ],
    [
      'an unknown method',
      () => ['eval', '--data', 'photos', '--scale', '2', '--method', 'lanczos'],
      2,
      /--method: must be one of bicubic, bicubic-y, got "lanczos"/,
    ],
    ['unknown data', () => ['eval', '--data', at('nowhere'), '--scale', '2', '--method', 'bicubic'], 1, /nowhere/],
    ['an empty folder', () => ['eval', '--data', at('empty'), '--scale', '2', '--method', 'bicubic'], 1, /empty/],
    ['no output option', () => ['upscale', at('text.png'), ...model], 2, /--output: must be a string, got nothing/],
    [
      'an input as its own output',
      () => ['upscale', at('text.png'), '-o', at('text.png'), ...model],
      2,
      /--output: .*text\.png must be a new file.*got an input/,
    ],
    [
      'two inputs of one name into one folder',
      () => ['upscale', at('a', 'x.png'), at('b', 'x.png'), '-o', at('results'), ...model],
      2,
      /--output: .*x\.png must be a new file.*the output of another input/,
    ],
    [
      'an output of no known kind',
      () => ['upscale', at('text.png'), '-o', at('results', 'out.xyz'), ...model],
      2,
      /--output: must end in one of \.png/,
    ],
    [
      'an output below a file',
      () => ['export', at('run', 'model.safetensors'), '-o', at('text.png', 'out.fqsr')],
      1,
      /output: .*cannot be written/,
    ],
    [
      'an output that is a folder',
      () => ['export', at('run', 'model.safetensors'), '-o', at('folder.fqsr')],
      1,
      /must be a file, got a folder/,
    ],
    [
      'a config with an unknown option',
      () => ['train', '--config', at('config.json'), '-o', at('results', 'run')],
      2,
      /config: "setps" is no option/,
    ],
    [
      'a config that is not JSON',
      () => ['train', '--config', at('broken.json'), '-o', at('results', 'run')],
      2,
      /--config: .*broken\.json must hold JSON/,
    ],
    [
      'patches larger than the images',
      () => [
        'train',
        '--model',
        'edsr-f4b1',
        '--data',
        'dead-leaves:2:32',
        '--patch-size',
        '64',
        '--steps',
        '1',
        '-o',
        at('results', 'small'),
      ],
      1,
      /patch/,
    ],
  ])('%s', async (_title, args, exitCode, message) => {
    const { code, stdout, stderr } = await runHere(...args());
    const said = stderr.split('\n').filter((line) => line.startsWith('fqsr: '));
    expect(said, stderr).toHaveLength(1);
    expect(said[0]).toMatch(message);
    expect(code).toBe(exitCode);
    expect(stdout).toBe('');
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(readdirSync(at('results')).filter((name) => name.includes('out'))).toEqual([]);
  });

  it.each([
    [1, ['info', 'nowhere.fqsr']],
    [2, ['upscael']],
  ])('exit code %i of the process', async (exitCode, args) => {
    const { code, stdout, stderr } = await fqsr(...args);
    expect(stderr).toMatch(/^fqsr: .*\n$/);
    expect(code).toBe(exitCode);
    expect(stdout).toBe('');
  });

  it.skipIf(process.getuid?.() === 0)('an output folder without permission', async () => {
    mkdirSync(at('locked'));
    chmodSync(at('locked'), 0o500);
    const { code, stderr } = await runHere('export', at('run', 'model.safetensors'), '-o', at('locked', 'out.fqsr'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/cannot be written: EACCES/);
    expect(existsSync(at('locked', 'out.fqsr'))).toBe(false);
  });
});
