import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { rules, violationsOf, workspaceViolations } from './boundaries.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

describe('import rules', () => {
  it('hold in the whole workspace', () => {
    expect(workspaceViolations(root)).toEqual([]);
  });

  it.each([
    ['packages/metrics/src/a.ts', "import * as tf from '@tensorflow/tfjs';", /must not know TensorFlow/],
    ['packages/metrics/src/a.ts', "import { crop } from '@fqsr/datasets';", /none of our packages/],
    ['packages/runtime/src/a.ts', "export * from '@fqsr/quant-core';", /may import @fqsr\/quant-core\/spec/],
    ['packages/sr-models/src/a.ts', "const run = await import('@fqsr/runtime');", /may import/],
    ['packages/datasets/src/a.ts', "import { psnr } from '../../metrics/src/psnr.js';", /by path/],
    ['packages/unknown/src/a.ts', '', /no rule/],
  ])('are broken by %s: %s', (file, source, why) => {
    expect(violationsOf(file, source)[0]?.why).toMatch(why);
  });

  it.each([
    ['packages/runtime/src/a.ts', "import { clamp } from '@fqsr/quant-core/spec';"],
    ['packages/sr-models/src/a.test.ts', "import { runModel } from '@fqsr/runtime';"],
    ['packages/metrics/src/a.ts', "import { luma } from './luma.js';"],
  ])('allow %s: %s', (file, source) => {
    expect(violationsOf(file, source)).toEqual([]);
  });
});

describe('manifests', () => {
  it.each(Object.keys(rules))('of %s depend on nothing that the rules forbid', (folder) => {
    const manifest = JSON.parse(readFileSync(`${root}/packages/${folder}/package.json`, 'utf8'));
    const rule = rules[folder];
    const published = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    const ours = published.filter((name) => name.startsWith('@fqsr/'));
    const allowed = rule?.ours.map((entry) => entry.split('/').slice(0, 2).join('/'));
    expect(ours.filter((name) => !allowed?.includes(name))).toEqual([]);
    if (!rule?.tfjs) expect(published.filter((name) => name.startsWith('@tensorflow/'))).toEqual([]);
    if (folder === 'runtime' || folder === 'metrics') expect(published).toEqual([]);
    expect(manifest.license).toBe('MIT');
  });
});
