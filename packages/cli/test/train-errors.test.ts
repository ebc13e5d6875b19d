/** A training that cannot begin, or goes wrong, ends with one line that says why, and leaves its folder free. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readSafetensors, type SafeTensor, writeSafetensors } from '@fqsr/runtime/format';
import { beforeAll, expect, it } from 'vitest';
import { scratch, tiny } from './fqsr.js';
import { runHere } from './in-process.js';

const at = scratch();
const quantized = () => at('quantized', 'model.safetensors');
const vgg = () => ['--loss', 'perceptual', '--vgg', quantized()];

beforeAll(async () => {
  mkdirSync(at('empty'));
  mkdirSync(at('broken'));
  writeFileSync(at('broken', 'image.png'), 'this is not an image');
  writeFileSync(at('weights.json'), '{ "loss": { "l1": "much" } }');
  const options = ['--plan', 'w4a4s8', '--warmup-steps', '2', '--steps', '3'];
  const { code, said } = await runHere('train', ...tiny, ...options, '-o', at('quantized'));
  expect(code, said).toBe(0);
});

it.each<[string, () => string[], 1 | 2, RegExp]>([
  [
    'images that are no images',
    () => ['--data', at('broken')],
    1,
    /broken must have an image of at least 16x16 pixels that is not broken, got none among 1/,
  ],
  ['images that are too small', () => ['--patch-size', '64'], 1, /must have an image of at least 128x128 pixels/],
  ['no images', () => ['--data', at('empty')], 1, /empty must hold images/],
  ['no validation images', () => ['--validate', at('empty')], 1, /empty must hold images/],
  ['an unknown loss', () => ['--loss', 'l1=1,l9=2'], 2, /--loss: .*loss must be one of l1, .*, got "l9"/],
  [
    'a loss of no weight',
    () => ['--loss', 'l1=0'],
    2,
    /--loss: .*the weight of loss l1 must be a positive number, got 0/,
  ],
  ['a weight that is no number', () => ['--config', at('weights.json')], 2, /--loss: l1 must be a number, got /],
  [
    'a perceptual loss without weights',
    () => ['--loss', 'perceptual'],
    2,
    /--vgg: must be given with a perceptual loss/,
  ],
  ['VGG weights for nothing', () => ['--vgg', quantized()], 2, /--vgg: must come with a perceptual loss/],
  ['VGG weights of another network', vgg, 1, /--vgg: .*missing features\.0\.weight, features\.0\.bias/],
  [
    'VGG weights with another checksum',
    () => [...vgg(), '--vgg-sha256', '0'.repeat(64)],
    1,
    /--vgg: .* must have SHA-256 0{64}, got [0-9a-f]{64}/,
  ],
  [
    'a quantized teacher',
    () => ['--distill', 'outputs', '--teacher', quantized()],
    1,
    /--teacher: .* must be a float checkpoint, got a quantized one/,
  ],
  ['distillation without a teacher', () => ['--distill', 'outputs'], 2, /--teacher: must be given with --distill/],
  ['a teacher for nothing', () => ['--teacher', quantized()], 2, /--teacher: must come with --distill/],
  ['a schedule without its steps', () => ['--schedule', 'step'], 2, /--decay-at: must be given with --schedule step/],
  [
    'steps that are no numbers',
    () => ['--decay-at', '10,x'],
    2,
    /--decay-at: must be steps such as 1000,2000, got "10,x"/,
  ],
  ['levels held that there are not', () => ['--hold-levels-at', '2'], 2, /--hold-levels-at: must come with --plan/],
  [
    'levels held before there are any',
    () => ['--hold-levels-at', '1', '--plan', 'w4a4s8', '--warmup-steps', '2'],
    2,
    /--hold-levels-at: must be at least --warmup-steps 2, got 1/,
  ],
  [
    'an unknown adversarial loss',
    () => ['--adversarial', 'wgan'],
    2,
    /--adversarial: must be one of standard, relativistic/,
  ],
])('%s', async (_title, args, exitCode, message) => {
  const { code, said } = await runHere('train', ...tiny, '--steps', '3', ...args(), '-o', at('run'));
  expect(said).toMatch(message);
  expect(said.split('\n').filter((line) => line.startsWith('fqsr: '))).toHaveLength(1);
  expect(said).not.toMatch(/unexpected/);
  expect(code).toBe(exitCode);
  expect(existsSync(at('run', 'run.json'))).toBe(false);
});

it.each<[string, (tensors: Map<string, SafeTensor>) => void, RegExp]>([
  ['missing', (tensors) => tensors.delete('param/head.bias'), /must have all parameters, missing head\.bias/],
  [
    'extra',
    (tensors) => tensors.set('param/head.slope', tensors.get('param/head.bias') as SafeTensor),
    /must have no other parameters, got head\.slope/,
  ],
  [
    'misshapen',
    (tensors) => tensors.set('param/head.bias', tensors.get('param/tail.bias') as SafeTensor),
    /head\.bias must have 4 values \(4\), got 12/,
  ],
  [
    'not finite',
    (tensors) => {
      const data = new Float32Array(4).fill(Number.NaN);
      tensors.set('param/head.bias', { dtype: 'F32', shape: [4], data });
    },
    /param\/head\.bias must be finite, got NaN/,
  ],
])('a start whose tensor is %s', async (_title, change, message) => {
  const { tensors, metadata } = readSafetensors(readFileSync(quantized()));
  const changed = new Map(tensors);
  change(changed);
  writeFileSync(at('start.safetensors'), writeSafetensors(changed, metadata));
  const { code, said } = await runHere('train', ...tiny, '--init', at('start.safetensors'), '-o', at('run'));
  expect(said).toMatch(new RegExp(`^fqsr: .*start\\.safetensors: .*${message.source}`, 'm'));
  expect(said.split('\n').filter((line) => line.startsWith('fqsr: '))).toHaveLength(1);
  expect(code).toBe(1);
  expect(existsSync(at('run', 'run.json'))).toBe(false);
});

it('names where a loss stops being finite', async () => {
  const { code, said } = await runHere('train', ...tiny, '--steps', '3', '--loss', 'mse=1e38', '-o', at('diverged'));
  expect(said).toMatch(/^fqsr: .*loss must stay finite, got Infinity; .* at step 0 \(lower the learning rate\)$/m);
  expect(code).toBe(1);
});

it('a run in a folder keeps its options', async () => {
  const again = (...options: string[]) => runHere('train', ...tiny, ...options, '-o', at('quantized'));
  expect((await again('--plan', 'w4a4s8')).code).toBe(0);
  const { code, said } = await again('--loss', 'mse');
  expect(said).toMatch(/loss: the run in .* has l1, got mse/);
  expect(code).toBe(2);
});
