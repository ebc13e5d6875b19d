/** `--degradation`: training on low resolution that is not bicubic, with the same bits after a resume. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { degradeSource, encodePng, openRecipe, openSource, readImage } from '@fqsr/datasets';
import { readSafetensors } from '@fqsr/runtime/format';
import { describe, expect, it } from 'vitest';
import { fqsr, scratch, start, tiny } from './fqsr.js';

const at = scratch();
const tensors = (run: string) => readSafetensors(readFileSync(at(run, 'model.safetensors'))).tensors;

describe('train --degradation', () => {
  const recipe = at('mine.json');
  writeFileSync(
    recipe,
    JSON.stringify({
      steps: [
        { kind: 'gaussian-noise', sigma: [2, 20] },
        { kind: 'jpeg', quality: [30, 95], probability: 0.5 },
      ],
      versions: 2,
    }),
  );
  const options = [...tiny, '--steps', '40', '--checkpoint-every', '5', '--degradation', recipe];

  it('gives the same bits after kill -9 and resume, whatever became of the file', async () => {
    const whole = await fqsr('train', ...options, '-o', at('whole'));
    expect(whole.code, whole.stderr).toBe(0);
    const { process, ended } = start(['train', ...options, '-o', at('killed')]);
    const lines = () =>
      existsSync(at('killed', 'log.jsonl')) ? readFileSync(at('killed', 'log.jsonl'), 'utf8').split('\n').length : 0;
    while (lines() < 14 && process.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 2));
    process.kill('SIGKILL');
    await ended;
    expect(existsSync(at('killed', 'model.safetensors'))).toBe(false);
    const original = readFileSync(recipe, 'utf8');
    writeFileSync(recipe, '{ "steps": [] }');
    const other = await fqsr('train', ...options, '-o', at('killed'));
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(
      /^fqsr: --degradation: the run in .*killed has another one, called mine, got .*mine\.json/m,
    );
    const resumed = await fqsr('train', '-o', at('killed'), '--json');
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(JSON.parse(resumed.stdout).resumedFrom).toBeGreaterThan(0);
    expect(JSON.parse(resumed.stdout).config.degradation).toMatchObject({ name: 'mine', versions: 2 });
    expect(tensors('killed')).toEqual(tensors('whole'));
    writeFileSync(recipe, original);
    const plain = await fqsr('train', ...tiny, '--steps', '40', '-o', at('plain'));
    expect(plain.code, plain.stderr).toBe(0);
    expect(tensors('plain')).not.toEqual(tensors('whole'));
  });

  it('refuses unknown names with the list, and sources with files of their own, before anything is written', async () => {
    const unknown = await fqsr('train', ...tiny, '--degradation', 'fog', '-o', at('unknown'));
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/^fqsr: --degradation: .*must be one of blur, .*bsrgan-style.*got "fog"/m);
    const pairs = await fqsr('datasets', 'make', 'dead-leaves:2:64', '--scale', '2', '-o', at('own'));
    expect(pairs.code, pairs.stderr).toBe(0);
    const on = (data: string, run: string) =>
      fqsr('train', ...tiny, '--data', data, '--steps', '2', '--degradation', 'noise', '-o', at(run));
    const own = await on(at('own'), 'refused');
    expect(own.code).toBe(1);
    expect(own.stderr).toMatch(/^fqsr: .*own must not bring low-resolution images .*\(write hr: before its name/m);
    expect(existsSync(at('refused'))).toBe(false);
    const made = await on(`hr:${at('own')}`, 'made');
    expect(made.code, made.stderr).toBe(0);
  });
});

describe('datasets make --degradation', () => {
  it('writes the pairs that a run of the same seed trains on', async () => {
    const made = await fqsr(
      ...['datasets', 'make', 'dead-leaves:2:48', '--scale', '2', '--degradation', 'classical', '--seed', '7'],
      ...['-o', at('degraded'), '--json'],
    );
    expect(made.code, made.stderr).toBe(0);
    expect(JSON.parse(made.stdout)).toMatchObject({ images: 2, degradation: { name: 'classical', seed: 7 } });
    const source = degradeSource(await openSource('dead-leaves:2:48'), {
      recipe: await openRecipe('classical'),
      seed: 7,
    });
    const { lr } = await source.pair(1, 2);
    const file = await readImage(join(at('degraded'), 'image_SRF_2', 'img_002_SRF_2_LR.png'));
    expect(Buffer.from(await encodePng(file)).equals(Buffer.from(await encodePng(lr)))).toBe(true);
  });

  it('needs a scale', async () => {
    const { code, stderr } = await fqsr('datasets', 'make', 'photos', '--degradation', 'jpeg', '-o', at('no-scale'));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^fqsr: --scale: must be given with --degradation/m);
  });
});
