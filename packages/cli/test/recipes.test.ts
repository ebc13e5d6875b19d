/** Every recipe is valid, and trains; tiny here, by options that win over it. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeSafetensors } from '@fqsr/runtime/format';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseOptions } from '../src/command.js';
import { trainCommand } from '../src/commands/train.js';
import { scratch } from './fqsr.js';
import { runHere } from './in-process.js';

const at = scratch();
const folder = fileURLToPath(new URL('../recipes/', import.meta.url));
const recipes = readdirSync(folder).filter((name) => name.endsWith('.json'));
const read = (name: string) => JSON.parse(readFileSync(`${folder}${name}`, 'utf8')) as Record<string, unknown>;

/** Runs the command; what it said when it failed. */
async function fqsr(...args: string[]): Promise<string> {
  const { code, said } = await runHere(...args);
  return code === 0 ? '' : said;
}

const small = ['--data', 'dead-leaves:4:64', '--batch-size', '2', '--patch-size', '6', '--patches-per-image', '2'];
const STEPS = 6;

/** What makes a recipe tiny: a smaller network of its family, few steps, small patches. */
function overrides(recipe: Record<string, unknown>): string[] {
  const family = /^[a-z]+/.exec(String(recipe['model'] ?? ''))?.[0];
  return [
    ...small,
    ...['--steps', String(STEPS), '--warmup-steps', '2'],
    ...(family ? ['--model', `${family}-f4b1`] : ['--init', initFor(recipe)]),
    ...(recipe['teacher'] ? ['--teacher', initFor(recipe)] : []),
    ...(recipe['adversarial'] ? ['--discriminator-features', '2'] : []),
    ...(recipe['vgg'] ? ['--vgg', at('vgg.safetensors'), '--vgg-layers', 'conv1_1'] : []),
    ...['--validate', 'dead-leaves:1:32', '--validate-every', '4'],
  ];
}

/** A float network of the family that the recipe starts from. */
const initFor = (recipe: Record<string, unknown>) =>
  at(
    `start-${/^runs\/([a-z]+)-/.exec(String(recipe['init']))?.[1]}-x${/-x([234])/.exec(String(recipe['init']))?.[1]}`,
    'model.safetensors',
  );

beforeAll(async () => {
  for (const [family, scale] of [
    ['edsr', '2'],
    ['edsr', '4'],
    ['srresnet', '4'],
    ['srgan', '4'],
    ['msrresnet', '4'],
  ] as const) {
    const options = ['--model', `${family}-f4b1`, '--scale', scale, ...small, '--steps', '3'];
    expect(await fqsr('train', ...options, '-o', at(`start-${family}-x${scale}`))).toBe('');
  }
  const zeros = (...shape: number[]) => ({
    dtype: 'F32' as const,
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b)).fill(0.01),
  });
  const vgg = new Map([
    ['features.0.weight', zeros(64, 3, 3, 3)],
    ['features.0.bias', zeros(64)],
  ]);
  writeFileSync(at('vgg.safetensors'), writeSafetensors(vgg, {}));
});

describe.each(recipes)('%s', (name) => {
  it('is valid, starts from another recipe where it starts from a network, and stands in the table', () => {
    const recipe = read(name);
    const options = parseOptions(trainCommand.options, recipe, { output: 'run' });
    // The small ones are short, for processors.
    expect(options.steps).toBeGreaterThan(name.includes('-small-') ? 100 : 1000);
    const { init } = recipe;
    if (typeof init === 'string') {
      expect(recipes).toContain(`${/^runs\/(.*)\/(?:model|w\da\ds\d-start)\.safetensors$/.exec(init)?.[1]}.json`);
    }
    expect(readFileSync(`${folder}README.md`, 'utf8')).toContain(`| \`${name}\` |`);
  });

  it('trains', async () => {
    const out = at(basename(name, '.json'));
    expect(await fqsr('train', '--config', `${folder}${name}`, ...overrides(read(name)), '-o', out)).toBe('');
    for (const file of ['model.safetensors', 'best.safetensors']) expect(existsSync(`${out}/${file}`)).toBe(true);
    expect(readFileSync(`${out}/log.jsonl`, 'utf8').split('\n').length - 1).toBe(STEPS);
  });
});
