/** ONNX from the command line: verified in ONNX Runtime, then written. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parseModel, runModel } from '@fqsr/runtime';
import { verifyOnnx } from '@fqsr/sr-models';
import { beforeAll, describe, expect, it } from 'vitest';
import { onnxPackages, openOnnxRuntime } from '../src/onnx-runtime.js';
import { fqsr, scratch, tiny } from './fqsr.js';

const at = scratch();
const on = ['--verify', 'dead-leaves:2:64'];
const checkpoint = at('run', 'model.safetensors');

beforeAll(async () => {
  const trained = await fqsr(
    'train',
    ...tiny,
    '--plan',
    'w4a4s8',
    '--warmup-steps',
    '4',
    '--steps',
    '12',
    '-o',
    at('run'),
  );
  expect(trained.code, trained.stderr).toBe(0);
  const exported = await fqsr('export', checkpoint, '-o', at('model.fqsr'), ...on);
  expect(exported.code, exported.stderr).toBe(0);
});

describe('export --format onnx', () => {
  it('writes the same file from the checkpoint and from its integers, compared layer by layer', async () => {
    const whole = await fqsr('export', checkpoint, '--format', 'onnx', '-o', at('a.onnx'), ...on, '--json');
    expect(whole.code, whole.stderr).toBe(0);
    const json = JSON.parse(whole.stdout);
    expect(json).toMatchObject({ format: 'onnx', bytes: readFileSync(at('a.onnx')).length });
    expect(json.verified.map(({ what }: { what: string }) => what)).toEqual([
      'the integers against the graph',
      expect.stringMatching(/^the file in onnxruntime-(node|web) \d+\.\d+\.\d+ against the integers$/),
    ]);
    const tensors = json.agreement.map(({ tensor }: { tensor: string }) => tensor);
    for (const tensor of ['body.0.conv1.in', 'body.0.add.b', 'output']) expect(tensors).toContain(tensor);
    const image = json.agreement.at(-1);
    expect(image.samples).toBe(2 * 64 * 64 * 3);
    expect(image.different).toBeLessThanOrEqual(image.samples * json.tolerance.share);

    const again = await fqsr('export', at('model.fqsr'), '--format', 'onnx', '-o', at('b.onnx'), ...on);
    expect(again.code, again.stderr).toBe(0);
    expect(again.stdout).toMatch(/against the integers:\ntensor/);
    expect(Buffer.compare(readFileSync(at('a.onnx')), readFileSync(at('b.onnx')))).toBe(0);
  });

  it('writes without verification only when asked, and says so', async () => {
    const { code, stdout } = await fqsr(
      'export',
      at('model.fqsr'),
      '--format',
      'onnx',
      '-o',
      at('c.onnx'),
      '--unverified',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/not verified: onnx was written without running it/);
    expect(Buffer.compare(readFileSync(at('a.onnx')), readFileSync(at('c.onnx')))).toBe(0);
  });

  it('refuses what makes no sense, and writes nothing', async () => {
    const usage = await fqsr('export', checkpoint, '-o', at('d.fqsr'), '--unverified');
    expect(usage.code).toBe(2);
    expect(usage.stderr).toMatch(/--unverified: must be left out with --format fqsr/);
    const done = await fqsr('export', at('model.fqsr'), '-o', at('d.fqsr'));
    expect(done.code).toBe(1);
    expect(done.stderr).toMatch(
      /must be a checkpoint, got an integer model \(it is exported already; --format onnx takes it\)/,
    );
    expect(existsSync(at('d.fqsr'))).toBe(false);
    expect(readdirSync(at('.')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe.each(onnxPackages)('%s', (name) => {
  const image = { width: 12, height: 9, channels: 3, data: new Uint8Array(12 * 9 * 3).fill(255) } as const;

  it('gives the levels of the runtime, also where sums of two products pass 16 bits', async () => {
    const model = parseModel(readFileSync(at('model.fqsr')));
    // Of 8 bits, on the image itself: 255 * 127 * 2 does.
    const nodes = model.nodes.map((node) => (node.op === 'conv2d' ? { ...node, weightBits: 8 } : node));
    const weight = (model.tensors['head.weight'] as Int8Array).map((_, i) => (i % 5 === 0 ? -128 : 127));
    const wide = { ...model, nodes, tensors: { ...model.tensors, 'head.weight': weight } };
    const { label, run } = await openOnnxRuntime([name]);
    expect(label).toMatch(new RegExp(`^${name} \\d`));
    for (const rounding of ['exact', 'fused'] as const) {
      const layers = await verifyOnnx(wide, image, (tap) => runModel(wide, image, { tap }), run, { rounding });
      const head = layers.filter(({ tensor }) => tensor.startsWith('body.0.conv1.in'));
      expect(head.map(({ largest }) => largest)).toEqual([rounding === 'exact' ? 0 : expect.toSatisfy((n) => n <= 1)]);
      if (rounding === 'exact') expect(layers.filter(({ different }) => different > 0)).toEqual([]);
    }
  });
});
