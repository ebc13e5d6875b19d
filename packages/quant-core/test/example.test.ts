import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

it('quantizes a model that is not ours', async () => {
  // The example uses the package as its users do.
  expect(existsSync(path('../dist/layers.js')), 'run npm run build first').toBe(true);
  const { stdout } = await promisify(execFile)(process.execPath, [path('../examples/quantize-a-model.mjs'), '--short']);
  const accuracy = (stage: string) => Number(new RegExp(`^${stage} +([\\d.]+) %$`, 'm').exec(stdout)?.[1]);
  expect(accuracy('float')).toBeGreaterThan(60);
  expect(accuracy('4 bits, calibrated on 200 pictures')).toBeGreaterThan(accuracy('float') - 15);
  expect(accuracy('4 bits, fine-tuned')).toBeGreaterThan(accuracy('float') - 5);
  expect(stdout).toContain('head_norm was folded into head\n');
  const rows = stdout.split('\n').filter((line) => / (levels|int32|integers|float) /.test(line) && !line.includes('%'));
  expect(rows.length).toBeGreaterThan(15);
  expect(rows.filter((line) => line.includes(' float '))).toEqual([
    'digits     activation   float     activation softmax computes in float',
  ]);
}, 120_000);
