/** Every mistyped name is answered with the one that was meant, and is wrong usage or a failure, in one line. */
import { writeFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { scratch } from './fqsr.js';
import { runHere } from './in-process.js';

const at = scratch();
const train = (...more: string[]) => ['train', '-o', at('run'), '--model', 'edsr-f4b1', ...more];
const evaluate = (...more: string[]) => [
  'eval',
  '--data',
  'dead-leaves:1:32',
  '--scale',
  '2',
  '--method',
  'bicubic',
  ...more,
];

beforeAll(() => {
  const roles = { weights: { bits: 4, quantizer: 'lqs' }, activations: null, skips: null, outputs: null };
  writeFileSync(at('plan.json'), JSON.stringify({ name: 'mine', roles }));
  writeFileSync(
    at('ste.json'),
    JSON.stringify({ name: 'mine', roles: { ...roles, weights: { bits: 4, ste: 'cliped' } } }),
  );
  writeFileSync(at('config.json'), '{ "setps": 3 }');
});

it.each<[string, () => string[], string]>([
  ['a command', () => ['upscael'], 'upscale'],
  ['an option', () => evaluate('--convetion', 'rgb'), '--convention'],
  ['an option in a config file', () => train('--config', at('config.json')), 'steps'],
  ['a model', () => ['info', 'edsr-basline'], 'edsr-baseline'],
  ['a model to train', () => ['train', '-o', at('run'), '--model', 'srresnte'], 'srresnet'],
  ['a quantizer', () => train('--plan', at('plan.json')), 'lsq'],
  ['an estimator', () => train('--plan', at('ste.json')), 'clipped'],
  ['a loss', () => train('--loss', 'charbonier'), 'charbonnier'],
  ['an optimizer', () => train('--optimizer', 'adm'), 'adam'],
  ['a schedule', () => train('--schedule', 'cosin'), 'cosine'],
  ['a degradation', () => train('--degradation', 'clasical'), 'classical'],
  ['a method', () => evaluate('--method', 'bicubc'), 'bicubic'],
  ['a metric', () => evaluate('--metrics', 'psnrr'), 'psnr'],
  ['a convention', () => evaluate('--convention', 'edsr-benchmrk'), 'edsr-benchmark'],
  ['data', () => ['eval', '--data', 'phtos', '--scale', '2', '--method', 'bicubic'], 'photos'],
  ['a format', () => ['export', 'a.safetensors', '-o', at('a.onnx'), '--format', 'onx'], 'onnx'],
  ['a backend', () => evaluate('--backend', 'webgup'), 'webgpu'],
  ['a map', () => ['import', 'a.pt', '-o', at('a.safetensors'), '--map', 'edsr-pytoch'], 'edsr-pytorch'],
  ['an engine', () => ['bench', 'edsr-baseline', '--against', 'tfsj'], 'tfjs'],
  ['an action', () => ['datasets', 'lst'], 'list'],
  ['a data set', () => ['datasets', 'fetch', 'edsr-benchmrk'], 'edsr-benchmark'],
  ['a shell', () => ['completion', 'bahs'], 'bash'],
])('%s', async (_what, args, meant) => {
  const { code, said } = await runHere(...args());
  expect(code).toBeGreaterThan(0);
  expect(
    said
      .trimEnd()
      .split('\n')
      .filter((line) => line.startsWith('fqsr: ')),
  ).toHaveLength(1);
  expect(said).toContain(`Did you mean ${meant}?`);
});
