/** `fqsr correct`: contrast and brightness of a quantized network as the float one's. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { useBackend } from '@fqsr/backends';
import { parseModel } from '@fqsr/runtime';
import { buildGraph, initParams, modelByName, parseCheckpoint, serializeCheckpoint } from '@fqsr/sr-models';
import { beforeAll, describe, expect, it } from 'vitest';
import { scratch } from './fqsr.js';
import { runHere } from './in-process.js';

const at = scratch();
const model = modelByName('edsr-f4b1', 2);
const patches = ['--calibrate', 'dead-leaves:2:64', '--patches', '4', '--patch-size', '12'];
const correct = (name: string, to: string, ...more: string[]) =>
  runHere('correct', at(name), '--teacher', at('float.safetensors'), ...patches, '-o', at(to), ...more);

beforeAll(async () => {
  await useBackend('wasm');
  const params = initParams(buildGraph(model), 1);
  const plain = { plan: null, training: null, run: {} };
  writeFileSync(at('float.safetensors'), serializeCheckpoint({ ...plain, model, params }));
  const x3 = modelByName('edsr-f4b1', 3);
  const x3Params = initParams(buildGraph(x3), 1);
  writeFileSync(at('x3.safetensors'), serializeCheckpoint({ ...plain, model: x3, params: x3Params }));
  const calibrated = ['--plan', 'w8a8s8', ...patches, '--reconstruction', 'none', '-o', at('quantized.safetensors')];
  const { code, said } = await runHere('quantize', at('float.safetensors'), ...calibrated);
  expect(code, said).toBe(0);
  // Contrast that a training lost: a tenth, and four grey levels brighter.
  const quantized = parseCheckpoint(readFileSync(at('quantized.safetensors')));
  const changed = new Map(quantized.params);
  const change = (name: string, map: (value: number) => number) =>
    changed.set(name, (changed.get(name) as Float32Array).map(map));
  change('tail.weight', (value) => value * 0.9);
  change('tail.weight.logStep', (value) => value + Math.log(0.9));
  change('tail.bias', (value) => value * 0.9 + 4);
  writeFileSync(at('dull.safetensors'), serializeCheckpoint({ ...quantized, params: changed }));
});

describe('fqsr correct', () => {
  it('takes lost contrast back, says how much, and leaves every integer weight', async () => {
    const { code, stdout, said } = await correct('dull.safetensors', 'mended.safetensors', '--json');
    expect(code, said).toBe(0);
    const { layer, gains, offsets } = JSON.parse(stdout);
    const whole = JSON.parse((await correct('quantized.safetensors', 'whole.safetensors', '--json')).stdout);
    expect([layer, gains.length]).toEqual(['tail', 12]);
    for (const [o, gain] of gains.entries()) {
      expect(gain * 0.9).toBeCloseTo(whole.gains[o], 4);
      // The accumulator's step rounds biases.
      expect(offsets[o] + 4 * gain).toBeCloseTo(whole.offsets[o], 1);
    }
    const weights = async (name: string) => {
      const done = await runHere(
        'export',
        at(`${name}.safetensors`),
        '-o',
        at(`${name}.fqsr`),
        '--verify',
        'dead-leaves:1:64',
      );
      expect(done.code, done.said).toBe(0);
      const { tensors } = parseModel(readFileSync(at(`${name}.fqsr`)));
      return Object.entries(tensors).filter(([tensor]) => tensor.endsWith('.weight'));
    };
    const before = await weights('dull');
    expect(before.length).toBeGreaterThan(3);
    expect(await weights('mended')).toEqual(before);
    const { training, run } = parseCheckpoint(readFileSync(at('mended.safetensors')));
    expect([training, run['corrected']]).toMatchObject([null, { data: 'dead-leaves:2:64', patches: 4, seed: 1 }]);
  });

  it.each<[string, () => ReturnType<typeof runHere>, RegExp]>([
    ['a float network', () => correct('float.safetensors', 'no'), /float\.safetensors must be a quantized checkpoint/],
    [
      'a quantized teacher',
      () => correct('dull.safetensors', 'no', '--teacher', at('quantized.safetensors')),
      /--teacher: .*quantized\.safetensors must be a float checkpoint/,
    ],
    [
      'a teacher of another scale',
      () => correct('dull.safetensors', 'no', '--teacher', at('x3.safetensors')),
      /--teacher: .*x3\.safetensors must enlarge by 2 as .*dull\.safetensors does, got 3/,
    ],
    ['integers', () => correct('dull.fqsr', 'no'), /dull\.fqsr must be a checkpoint, got integers/],
  ])('refuses %s', async (_title, run, reason) => {
    const { code, said } = await run();
    expect(code).toBe(1);
    expect(said).toMatch(reason);
    expect(existsSync(at('no'))).toBe(false);
  });
});
