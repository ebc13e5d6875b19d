/** `fqsr quantize`: from a float checkpoint to one that exports as integers. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { useBackend } from '@fqsr/backends';
import { buildGraph, initParams, modelByName, parseCheckpoint, serializeCheckpoint } from '@fqsr/sr-models';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { scratch, start } from './fqsr.js';
import { runHere } from './in-process.js';

const at = scratch();
const model = modelByName('edsr-f4b1', 2);
const quick = ['--calibrate', 'dead-leaves:2:64', '--patches', '4', '--patch-size', '12', '--iterations', '5'];

beforeAll(async () => {
  await useBackend('wasm');
  const params = initParams(buildGraph(model), 1);
  writeFileSync(at('float.safetensors'), serializeCheckpoint({ model, plan: null, params, training: null, run: {} }));
});

describe('fqsr quantize', () => {
  it('writes a checkpoint whose integers equal its graph, and the same one again', async () => {
    const asked = ['quantize', at('float.safetensors'), '--plan', 'w4a4s8', ...quick];
    const { code, said } = await runHere(...asked, '-o', at('a.safetensors'));
    expect(code, said).toBe(0);
    expect(said).toMatch(/region +nearest +final\n[- ]+\nhead /);
    const checkpoint = parseCheckpoint(readFileSync(at('a.safetensors')));
    expect(checkpoint.plan?.name).toBe('w4a4s8');
    expect(checkpoint.run['quantized']).toMatchObject({ calibration: 'mse', reconstruction: 'block', patches: 4 });
    expect((await runHere(...asked, '-o', at('b.safetensors'))).code).toBe(0);
    expect(Buffer.compare(readFileSync(at('a.safetensors')), readFileSync(at('b.safetensors')))).toBe(0);
    const exported = await runHere('export', at('a.safetensors'), '-o', at('a.fqsr'), '--verify', 'dead-leaves:1:64');
    expect(exported.code, exported.said).toBe(0);
  });

  it('gives an EDSR an image skip when asked, and others none', async () => {
    const asked = ['quantize', at('float.safetensors'), '--plan', 'w4a4s8', '--image-skip', 'bilinear', ...quick];
    const { code, said } = await runHere(...asked, '-o', at('skip.safetensors'));
    expect(code, said).toBe(0);
    expect(said).toMatch(/image skip: \d+\.\d\d grey levels from the float network, its upsampler reads \d+ %/);
    const checkpoint = parseCheckpoint(readFileSync(at('skip.safetensors')));
    expect(checkpoint.model).toMatchObject({ name: 'edsr-f4b1-bilinear', config: { imageSkip: 'bilinear' } });
    expect(checkpoint.run['quantized']).toMatchObject({ imageSkip: 'bilinear' });
    const exported = await runHere(
      'export',
      at('skip.safetensors'),
      '-o',
      at('s.fqsr'),
      '--verify',
      'dead-leaves:1:64',
    );
    expect(exported.code, exported.said).toBe(0);

    const other = modelByName('msrresnet-f4b1', 2);
    const params = initParams(buildGraph(other), 1);
    writeFileSync(
      at('m.safetensors'),
      serializeCheckpoint({ model: other, plan: null, params, training: null, run: {} }),
    );
    const refused = await runHere('quantize', at('m.safetensors'), ...asked.slice(2), '-o', at('none.safetensors'));
    expect(refused.code).toBe(1);
    expect(refused.said).toMatch(/network must be an EDSR without an image skip, got msrresnet-f4b1/);
    expect(existsSync(at('none.safetensors'))).toBe(false);
  });

  it('ends at Ctrl-C and leaves nothing', async () => {
    const long = ['--calibrate', 'dead-leaves:2:64', '--patches', '4', '--patch-size', '12', '--iterations', '100000'];
    const asked = ['quantize', at('float.safetensors'), '--plan', 'w4a4s8', ...long, '-o', at('none.safetensors')];
    const { process: child, ended } = start(asked);
    onTestFinished(() => void child.kill('SIGKILL'));
    await new Promise((resolve) => setTimeout(resolve, 4000));
    expect(child.exitCode).toBe(null);
    child.kill('SIGINT');
    await ended;
    expect(child.signalCode ?? child.exitCode).not.toBe(0);
    expect(readdirSync(at()).filter((name) => name.startsWith('none'))).toEqual([]);
  });

  it('calibrates alone when it is to learn nothing', async () => {
    const nothing = ['--reconstruction', 'none', '--bias-correction', 'none', '--calibration', 'percentile'];
    const asked = ['quantize', at('float.safetensors'), '--plan', 'w8a8s8', ...quick, ...nothing];
    const { code, said } = await runHere(...asked, '-o', at('c.safetensors'), '--json');
    expect(code, said).toBe(0);
    expect(JSON.parse(said.slice(said.indexOf('{')))).toMatchObject({ plan: 'w8a8s8', regions: [] });
  });

  it('takes float checkpoints only', async () => {
    const { code, said } = await runHere(
      'quantize',
      at('a.safetensors'),
      '--plan',
      'w4a4s8',
      '-o',
      at('d.safetensors'),
    );
    expect(code).toBe(1);
    expect(said).toMatch(/must be a float checkpoint, got a quantized network/);
    expect(existsSync(at('d.safetensors'))).toBe(false);
  });
});
