/** The main path in small: train, quantize, evaluate, export, upscale, inspect. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { encodePng, makeImage, readImage } from '@fqsr/datasets';
import { beforeAll, describe, expect, it } from 'vitest';
import { fqsr, scratch, tiny } from './fqsr.js';
import { readModel } from './read-model.js';

const at = scratch();

beforeAll(async () => {
  const float = await fqsr('train', ...tiny, '--steps', '12', '-o', at('float'));
  expect(float.code, float.stderr).toBe(0);
  const quantized = await fqsr(
    'train',
    ...tiny.slice(2),
    '--init',
    at('float', 'model.safetensors'),
    '--plan',
    'w4a4s8',
    '--warmup-steps',
    '4',
    '--steps',
    '12',
    '-o',
    at('w4a4s8'),
  );
  expect(quantized.code, quantized.stderr).toBe(0);
  const exported = await fqsr(
    'export',
    at('w4a4s8', 'model.safetensors'),
    '-o',
    at('model.fqsr'),
    '--verify',
    'dead-leaves:2:64',
  );
  expect(exported.code, exported.stderr).toBe(0);
  const image = makeImage(17, 13);
  image.data.forEach((_, i) => {
    image.data[i] = (i * 37) % 256;
  });
  writeFileSync(at('small.png'), await encodePng(image));
});

describe('train', () => {
  it('writes a line a step, its config and a model', () => {
    expect(readdirSync(at('w4a4s8')).sort()).toEqual([
      'checkpoint.safetensors',
      'log.jsonl',
      'model.safetensors',
      'run.json',
    ]);
    const lines = readFileSync(at('w4a4s8', 'log.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(lines.every(({ loss }) => Number.isFinite(loss))).toBe(true);
  });

  it('refuses to change a run that has begun', async () => {
    const { code, stderr } = await fqsr('train', '-o', at('float'), '--learning-rate', '0.5');
    expect(code).toBe(2);
    expect(stderr).toMatch(/learningRate.*has 0\.002, got 0\.5/);
  });

  it('goes on from a quantized checkpoint with its steps, without a new warm-up', async () => {
    const from = at('w4a4s8', 'model.safetensors');
    const { code, stdout, stderr } = await fqsr(
      'train',
      ...tiny.slice(2),
      '--init',
      from,
      '--steps',
      '2',
      '-o',
      at('on'),
      '--json',
    );
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout).config).toMatchObject({ warmupSteps: 0, plan: { name: 'w4a4s8' } });
    const { code: refused, stderr: why } = await fqsr('train', '--init', from, '--plan', 'w2a2s8', '-o', at('other'));
    expect(refused).toBe(2);
    expect(why).toMatch(/--plan: must be w4a4s8/);
  });

  it('takes its options from a config file, under those of the line', async () => {
    writeFileSync(
      at('config.json'),
      JSON.stringify({ model: 'edsr-f4b1', data: 'dead-leaves:8:64', batchSize: 2, patchSize: 8, steps: 50, seed: 7 }),
    );
    const { code, stdout, stderr } = await fqsr(
      'train',
      '--config',
      at('config.json'),
      '--steps',
      '2',
      '-o',
      at('from-config'),
      '--json',
    );
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ steps: 2, config: { seed: 7, batchSize: 2 } });
  });
});

describe('eval', () => {
  it('gives the figures of each arithmetic as JSON, integers equal to the graph', async () => {
    const measure = async (...how: string[]) => {
      const { code, stdout, stderr } = await fqsr('eval', '--data', 'dead-leaves:2:64', ...how, '--json');
      expect(code, stderr).toBe(0);
      return JSON.parse(stdout);
    };
    const integer = await measure('--model', at('model.fqsr'));
    const graph = await measure('--model', at('w4a4s8', 'model.safetensors'));
    expect(integer).toMatchObject({
      dataset: expect.any(String),
      scale: 2,
      images: 2,
      convention: 'edsr-benchmark',
      arithmetic: 'integer',
    });
    expect(integer.perImage).toHaveLength(2);
    expect(Math.abs(integer.psnr - graph.psnr)).toBeLessThan(0.01);
    const cubic = await measure('--method', 'bicubic', '--scale', '2', '--limit', '1');
    expect(cubic).toMatchObject({ images: 1, arithmetic: 'bicubic' });
    expect(cubic.psnr).toBeGreaterThan(15);
  });
});

describe('eval of a folder with a broken image', () => {
  it('fails naming it, or passes over it and says so', async () => {
    mkdirSync(at('photos'));
    const whole = await encodePng(
      makeImage(
        40,
        40,
        Uint8Array.from({ length: 4800 }, (_, i) => (i * 31) % 256),
      ),
    );
    writeFileSync(at('photos', 'whole.png'), whole);
    writeFileSync(at('photos', 'broken.png'), whole.subarray(0, 200));
    const how = ['eval', '--data', at('photos'), '--method', 'bicubic', '--scale', '2', '--json'];
    const fatal = await fqsr(...how);
    expect(fatal.code).toBe(1);
    expect(fatal.stderr).toMatch(/broken\.png is damaged or truncated/);
    const { code, stdout, stderr } = await fqsr(...how, '--on-broken', 'skip');
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/skipped broken/);
    expect(JSON.parse(stdout)).toMatchObject({ images: 1, skipped: [{ name: expect.stringContaining('broken') }] });
  });
});

describe('upscale', () => {
  it('writes an image of the right size, the same by file, by folder and in tiles', async () => {
    const one = await fqsr('upscale', at('small.png'), '-o', at('large.png'), '--model', at('model.fqsr'));
    expect(one.code, one.stderr).toBe(0);
    mkdirSync(at('out'));
    const how = ['-o', at('out'), '--model', at('model.fqsr'), '--memory', '0', '--json'];
    const many = await fqsr('upscale', at('small.png'), ...how);
    expect(many.code, many.stderr).toBe(0);
    expect(JSON.parse(many.stdout).images[0]).toMatchObject({ width: 34, height: 26 });
    const [a, b] = [await readImage(at('large.png')), await readImage(at('out', 'small.png'))];
    expect([a.width, a.height]).toEqual([34, 26]);
    expect(a.data).toEqual(b.data);
  });
});

describe('info', () => {
  it('audits a file and a checkpoint: no float tensor', async () => {
    for (const file of [at('model.fqsr'), at('w4a4s8', 'model.safetensors')]) {
      const { code, stdout, stderr } = await fqsr('info', file, '--audit', '--json');
      expect(code, stderr).toBe(0);
      const { audit } = JSON.parse(stdout);
      expect(audit.fullyQuantized).toBe(true);
      const tensors = audit.rows.map(({ tensor }: { tensor: string }) => tensor);
      for (const tensor of ['head.weight', 'tail.weight', 'body.0.add.a', 'body.add.b', 'output.in'])
        expect(tensors).toContain(tensor);
    }
  });

  it('fails an audit that finds float', async () => {
    const { code, stdout } = await fqsr('info', at('float', 'model.safetensors'), '--audit');
    expect(code).toBe(1);
    expect(stdout).toMatch(/audit: float in head\.weight/);
  });

  it('knows a model by name', async () => {
    const { code, stdout } = await fqsr('info', 'edsr-baseline', '--scale', '4', '--json', '--input', '1x1');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ macs: 1_983_168 });
  });
});

describe('export', () => {
  it('leaves nothing but the model file', () => {
    expect(readdirSync(at('.')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(readModel(at('model.fqsr')).scale).toBe(2);
  });

  it('prints the JSON schema of a command', async () => {
    const { code, stdout } = await fqsr('train', '--schema');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).properties.steps).toMatchObject({ type: 'integer' });
  });
});
