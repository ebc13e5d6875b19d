import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { degradeSource } from '../degrade-source.js';
import { pairFromHr } from '../pair.js';
import { shardOf } from '../source.js';
import { openSource } from '../sources/registry.js';
import { openRecipe } from './open.js';
import { type DegradationRecipe, drawSteps, parseRecipe } from './recipe.js';
import { recipeNames, recipes } from './recipes.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'datasets-recipes-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(recipeNames)('recipe %s', (name) => {
  it('survives JSON, and makes pairs that depend on image and seed alone', async () => {
    const recipe = await openRecipe(name);
    expect(recipe.name).toBe(name);
    expect(recipes[name].description).toMatch(/^[^\n]+$/);
    expect(parseRecipe(JSON.parse(JSON.stringify(recipe)), name)).toEqual(recipe);
    const source = await openSource('dead-leaves:3:52');
    const [a, b] = [1, 1].map((seed) => degradeSource(source, { recipe, seed }));
    const whole = [await a!.pair(0, 4), await a!.pair(1, 4), await a!.pair(2, 4)];
    for (const i of [2, 0, 1]) expect(await b!.pair(i, 4)).toEqual(whole[i]);
    expect(await shardOf(b!, { index: 1, count: 2 }).pair(0, 4)).toEqual(whole[1]);
    expect(whole[0]).toMatchObject({ name: 'dead-leaves-0000', lr: { width: 13, height: 13 }, hr: { width: 52 } });
    const bicubic = pairFromHr('dead-leaves-0000', await source.hr(0), 4);
    expect(whole[0]!.hr).toEqual(bicubic.hr);
    expect(whole[0]!.lr).not.toEqual(bicubic.lr);
  });
});

describe('drawSteps', () => {
  const recipe: DegradationRecipe = {
    name: 'drawn',
    order: 'random',
    steps: [
      { kind: 'gaussian-blur', sigma: [1, 2], sigmaAcross: 0.5, angle: [0, 180] },
      { kind: 'gaussian-noise', sigma: [3, 4], grey: true, probability: 0.25 },
    ],
    last: [{ kind: 'jpeg', quality: [30, 90] }],
  };
  const many = Array.from({ length: 2000 }, (_, seed) => drawSteps(recipe, seed));

  it('keeps ranges, fixed values and the last steps', () => {
    const sigmas = many.map((steps) => {
      expect(steps.at(-1)!.kind).toBe('jpeg');
      const blur = steps.find((step) => step.kind === 'gaussian-blur');
      expect(blur?.sigmaAcross).toBe(0.5);
      return blur?.sigma ?? Number.NaN;
    });
    expect(Math.min(...sigmas)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...sigmas)).toBeLessThanOrEqual(2);
    expect(sigmas.reduce((sum, sigma) => sum + sigma, 0) / sigmas.length).toBeCloseTo(1.5, 1);
  });

  it('takes a step as often as its probability says, and shuffles', () => {
    const noisy = many.filter((steps) => steps.length === 3);
    expect(Math.abs(noisy.length / many.length - 0.25)).toBeLessThan(0.04);
    const first = noisy.filter((steps) => steps[0]!.kind === 'gaussian-noise').length;
    expect(Math.abs(first / noisy.length - 0.5)).toBeLessThan(0.08);
  });

  it('does not see the order of keys', () => {
    const [a, b] = [
      [{ kind: 'gaussian-blur', sigma: [1, 2], angle: [0, 9] }],
      [{ angle: [0, 9], sigma: [1, 2], kind: 'gaussian-blur' }],
    ].map((steps) => parseRecipe({ steps }, 'keys'));
    expect(drawSteps(a!, 5)).toEqual(drawSteps(b!, 5));
  });
});

describe('degradeSource', () => {
  it('makes several versions of each image', async () => {
    const source = await openSource('dead-leaves:2:32');
    const recipe = parseRecipe({ steps: [{ kind: 'gaussian-noise', sigma: [5, 30] }], versions: 3 }, 'noisy');
    const many = degradeSource(source, { recipe, seed: 1 });
    expect(many.count).toBe(6);
    expect([0, 1, 2, 5].map((i) => many.nameOf(i))).toEqual([
      'dead-leaves-0000-v1',
      'dead-leaves-0001-v1',
      'dead-leaves-0000-v2',
      'dead-leaves-0001-v3',
    ]);
    const [first, second] = [await many.pair(0, 2), await many.pair(2, 2)];
    expect(first.hr).toEqual(second.hr);
    expect(first.lr).not.toEqual(second.lr);
    await expect(many.pair(6, 2)).rejects.toThrow(/index must be/);
  });

  it('refuses a source with files of its own, and images smaller than the scale', async () => {
    const source = await openSource('dead-leaves:1:16');
    const recipe = await openRecipe('blur');
    expect(() => degradeSource({ ...source, ownLr: true }, { recipe, seed: 1 })).toThrow(
      /^\[datasets\] degradeSource: dead-leaves must not bring low-resolution .* by blur \(write hr: before its name/,
    );
  });
});

describe('openRecipe', () => {
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };

  it('reads a file, named after it', async () => {
    const steps = [{ kind: 'jpeg', quality: [40, 60], chroma: '4:4:4' }];
    const recipe = await openRecipe(await write('mine.json', JSON.stringify({ steps })));
    expect(recipe).toEqual({ name: 'mine', steps, order: 'given', last: [], versions: 1 });
  });

  it.each<[string, unknown, RegExp]>([
    ['no object', [], /must be an object, got \[\]/],
    ['no steps', {}, /steps must be a list of steps, got nothing/],
    ['an unknown key', { steps: [], stpes: [] }, /must have name, steps, .* only, got "stpes"/],
    ['an unknown kind', { steps: [{ kind: 'fog' }] }, /kind must be one of gaussian-blur, .*bicubic, got "fog"/],
    ['no kind', { steps: [{ sigma: 1 }] }, /kind must be one of/],
    ['an unknown option', { steps: [{ kind: 'jpeg', quality: 5, qualty: 3 }] }, /one of quality, chroma, got "qualty"/],
    ['a missing option', { steps: [{ kind: 'jpeg' }] }, /jpeg: quality must be from 1 to 100, got nothing/],
    ['a text for a number', { steps: [{ kind: 'jpeg', quality: '50' }] }, /quality must be from 1 to 100, got "50"/],
    ['a range upside down', { steps: [{ kind: 'jpeg', quality: [9, 5] }] }, /a number or \[low, high\], got \[9,5\]/],
    ['a range of three', { steps: [{ kind: 'jpeg', quality: [1, 2, 3] }] }, /a number or \[low, high\]/],
    ['a range too wide', { steps: [{ kind: 'jpeg', quality: [0, 5] }] }, /quality must be from 1 to 100, got 0/],
    ['a wrong word', { steps: [{ kind: 'jpeg', quality: 5, chroma: '4:1:1' }] }, /chroma must be 4:2:0 or 4:4:4/],
    ['no switch', { steps: [{ kind: 'gaussian-noise', sigma: 5, grey: 1 }] }, /grey must be true or false, got 1/],
    ['a probability', { steps: [{ kind: 'bicubic', probability: 2 }] }, /probability must be from 0 to 1, got 2/],
    ['an order', { steps: [], order: 'shuffled' }, /order must be given or random, got "shuffled"/],
    ['versions', { steps: [], versions: 0 }, /versions must be an integer from 1/],
    ['a step that is none', { steps: ['jpeg'] }, /a step must be an object, got "jpeg"/],
  ])('refuses %s', async (_title, recipe, message) => {
    const path = await write('bad.json', JSON.stringify(recipe));
    await expect(openRecipe(path)).rejects.toThrow(message);
  });

  it('lists the names, and names a file that is missing or no JSON', async () => {
    await expect(openRecipe('fog')).rejects.toThrow(
      /one of blur, noise, .*bsrgan-style, or a file \*\.json, got "fog"/,
    );
    await expect(openRecipe(join(folder, 'none.json'))).rejects.toThrow(/none\.json cannot be read: ENOENT/);
    await expect(openRecipe(await write('cut.json', '{'))).rejects.toThrow(/cut\.json must hold JSON/);
  });
});
