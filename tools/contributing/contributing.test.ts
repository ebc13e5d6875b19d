/**
 * Each of CONTRIBUTING.md's examples works from outside the packages, through their public exports alone, and is the code that the page shows.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { useBackend } from '@fqsr/backends';
import { registerExportFormat, run } from '@fqsr/cli';
import { createPatchStream, openPatchStream, openSource, registerSourceKind } from '@fqsr/datasets';
import {
  fakeQuant,
  gridOf,
  makePlan,
  makeSpec,
  planFromPreset,
  registerQuantizer,
  registerSte,
  scaled,
} from '@fqsr/quant-core';
import { load, parseModel, runModel, serializeModel } from '@fqsr/runtime';
import {
  agrees,
  auditGraph,
  buildGraph,
  cost,
  forward,
  type Graph,
  initParams,
  lower,
  modelByName,
  type Params,
  parseCheckpoint,
  quantizeGraph,
  registerModelFamily,
  serializeCheckpoint,
  startState,
  Trainer,
  toTensors,
  trainerDefaults,
  verify,
} from '@fqsr/sr-models';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { esm } from './esm.ts';
import { espcn } from './espcn.ts';
import { leaky } from './leaky.ts';
import { powerOfTwo } from './power-of-two.ts';
import { stripes } from './stripes.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const goldens = join(root, 'packages/runtime/test/goldens');
const folder = mkdtempSync(join(tmpdir(), 'fqsr-contributing-'));
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  await useBackend('wasm');
  registerQuantizer(powerOfTwo);
  registerSte(leaky);
  registerModelFamily(espcn);
  registerSourceKind(stripes);
  registerExportFormat('esm', esm);
});

/** W4A4S8 with our quantizer and our estimator for weights and activations. */
const preset = planFromPreset('w4a4s8');
const ours = { quantizer: 'power-of-two', ste: 'leaky', steOptions: { leak: 0.25 } } as const;
const plan = makePlan({
  name: 'w4a4s8-power-of-two',
  roles: {
    ...preset.roles,
    weights: { bits: 4, ...preset.roles.weights, ...ours },
    activations: { bits: 4, ...preset.roles.activations, ...ours },
  },
  overrides: [],
});

/** Waves, and the mean of 2 x 2 of them. */
function batchOf(step: number) {
  const wave = (at: number) => 128 + 90 * Math.sin(0.3 * at + step);
  const hr = Float32Array.from({ length: 2 * 16 * 16 * 3 }, (_, i) => wave(Math.floor(i / 3) % 16));
  const lr = Float32Array.from({ length: 2 * 8 * 8 * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % 8;
    return (wave(2 * x) + wave(2 * x + 1)) / 2;
  });
  return { lr, hr, batchSize: 2, patchSize: 8 };
}

/** A warm-up of two steps in float, which calibrates, then two quantized ones. */
function trained(float: Graph, graph: Graph): { readonly before: Params; readonly after: Params } {
  using trainer = new Trainer(graph, startState(graph, initParams(float, 1)), { ...trainerDefaults, warmupSteps: 2 });
  for (let step = 0; step < 2; step++) trainer.step(batchOf(step), 1e-3);
  trainer.step(batchOf(2), 0);
  const before = trainer.params();
  expect(trainer.step(batchOf(3), 0.05)).toBeLessThan(255);
  return { before, after: trainer.params() };
}

const image = {
  width: 13,
  height: 9,
  channels: 3,
  data: Uint8Array.from({ length: 13 * 9 * 3 }, (_, i) => (i * 37) % 256),
} as const;

describe('the quantizer power-of-two', () => {
  it('has the levels and the gradient of its definition', () => {
    const spec = makeSpec({ bits: 4, quantizer: 'power-of-two' });
    const x = scaled(tf.tensor1d([0.3, 0.9, -1.1, 9]));
    const levels = (logStep: tf.Tensor1D) => fakeQuant(x, gridOf({ logStep }, spec, x), spec);
    // 2^round(-2.2) = 1/4: levels round(x * 4), the last one clipped.
    const { value, scale } = levels(tf.tensor1d([-2.2]));
    expect([...value.dataSync()]).toEqual([1, 4, -4, 7]);
    expect([...(scale as tf.Tensor).dataSync()]).toEqual([0.25]);
    const sum = (logStep: tf.Tensor) => {
      const quantized = levels(logStep as tf.Tensor1D);
      return tf.sum(tf.mul(quantized.value, quantized.scale as tf.Tensor)) as tf.Scalar;
    };
    // Over ds/dlogStep = s ln 2: dx^/ds = q - x/s inside, the outermost level outside.
    const byStep = 1 - 1.2 + (4 - 3.6) + (-4 + 4.4) + 7;
    expect(
      tf
        .grad(sum)(tf.tensor1d([-2.2]))
        .dataSync()[0],
    ).toBeCloseTo(byStep * 0.25 * Math.LN2, 5);
  });

  it('quantizes a network that trains, and whose integers agree with the graph', () => {
    const float = buildGraph(modelByName('edsr-f4b1', 2));
    const graph = quantizeGraph(float, plan);
    expect(auditGraph(graph).fullyQuantized).toBe(true);
    const { before, after } = trained(float, graph);
    const name = [...after.keys()].find((key) => key.endsWith('.logStep') && key.startsWith('body.0.conv2')) as string;
    expect(after.get(name)).not.toEqual(before.get(name));
    const model = lower(graph, after);
    expect(agrees(verify(graph, after, image, (tap) => runModel(model, image, { tap })))).toBe(true);
  });
});

it('the estimator leaky has the gradient of its definition, inside, on and outside the edge', () => {
  const spec = makeSpec({ bits: 2, quantizer: 'fixed', ste: 'leaky', steOptions: { leak: 0.25 } });
  const sum = (x: tf.Tensor) => {
    const values = scaled(x);
    const weights = tf.tensor1d([1, 2, 3, 4, 5]);
    return tf.sum(tf.mul(fakeQuant(values, gridOf({}, spec, values), spec).value, weights)) as tf.Scalar;
  };
  // Levels -2..1 of step 1.
  expect([
    ...tf
      .grad(sum)(tf.tensor1d([-3, -2, 0.4, 1, 1.5]))
      .dataSync(),
  ]).toEqual([0.25, 2, 3, 4, 1.25]);
  expect(() => makePlan(plan) && quantizeGraph(buildGraph(modelByName('espcn', 2)), plan)).not.toThrow();
  const negative = { ...plan.roles.weights, bits: 4, steOptions: { leak: -1 } };
  const refused = makePlan({ ...plan, roles: { ...plan.roles, weights: negative } });
  expect(() => quantizeGraph(buildGraph(modelByName('espcn', 2)), refused)).toThrow('have a leak of 0 or more, got -1');
});

describe('the family espcn', () => {
  const model = modelByName.bind(null, 'espcn-f8', 2);

  it('is built, counted and run', () => {
    const graph = buildGraph(model());
    expect(cost(graph)).toMatchObject({
      parameters: 5 * 5 * 3 * 8 + 8 + (3 * 3 * 8 * 4 + 4) + (3 * 3 * 4 * 12 + 12),
      macsPerPixel: 5 * 5 * 3 * 8 + 3 * 3 * 8 * 4 + 3 * 3 * 4 * 12,
    });
    const params = toTensors(graph, initParams(graph, 1));
    const pixels = tf.tensor4d(Float32Array.from(image.data), [1, 9, 13, 3]);
    expect(forward(graph, pixels, { params, mode: 'float' }).shape).toEqual([1, 18, 26, 3]);
    expect(() => modelByName('espcn-f1', 2)).toThrow('config.features must be an integer from 2 to 512, got 1');
  });

  it('trains in integers, is saved, read, and lowered', () => {
    const float = buildGraph(model());
    const graph = quantizeGraph(float, plan);
    const { after: params } = trained(float, graph);
    const saved = parseCheckpoint(serializeCheckpoint({ model: model(), plan, params, training: null, run: {} }));
    expect(saved).toMatchObject({ model: model(), plan });
    const lowered = parseModel(serializeModel(lower(graph, saved.params)));
    expect(agrees(verify(graph, params, image, (tap) => runModel(lowered, image, { tap })))).toBe(true);
  });
});

it('the source stripes streams patches, on the calling thread', async () => {
  const source = await openSource('stripes:3');
  expect([source.count, source.nameOf(2)]).toEqual([3, 'stripes-3']);
  const options = { scale: 2, patchSize: 8, batchSize: 4, seed: 1 };
  using stream = await openPatchStream('stripes:3', options);
  const batch = await stream.batch(1);
  expect(batch).toEqual(await createPatchStream(source, options).batch(1));
  expect(new Set(batch.hr)).toEqual(new Set([0, 255]));
  expect(batch.lr.length).toBe(4 * 8 * 8 * 3);
  await expect(openSource('stripes:none')).rejects.toThrow('count of stripes must be a positive integer');
});

it('the format esm is written by the command, and its module is the network', async () => {
  const out = join(folder, 'model.mjs');
  const model = join(goldens, 'edsr-x2-w4a4s8.fqsr');
  expect(await run(['export', model, '--format', 'esm', '--verify', 'stripes:2', '-o', out])).toBe(0);
  const { default: bytes } = (await import(/* @vite-ignore */ pathToFileURL(out).href)) as { default: Uint8Array };
  using upscaler = await load(bytes, { backend: 'reference' });
  const data = new Uint8Array(readFileSync(join(goldens, 'edsr-x2-w4a4s8.in.bin')));
  const larger = await upscaler.upscale({ width: 13, height: 9, channels: 3, data });
  expect(Buffer.from(larger.data).equals(readFileSync(join(goldens, 'edsr-x2-w4a4s8.out.bin')))).toBe(true);
});

it('all five together train and export by the command', async () => {
  const at = (name: string) => join(folder, name);
  writeFileSync(at('plan.json'), JSON.stringify(plan));
  const network = ['--model', 'espcn-f4', '--scale', '2', '--plan', at('plan.json')];
  const task = ['--data', 'stripes:4', '--patch-size', '8', '--batch-size', '2', '--steps', '3', '--warmup-steps', '1'];
  expect(await run(['train', ...network, ...task, '--threads', '1', '-o', at('run')])).toBe(0);
  const checkpoint = at('run/model.safetensors');
  expect(await run(['export', checkpoint, '--format', 'esm', '--verify', 'stripes:2', '-o', at('small.mjs')])).toBe(0);
  const { default: bytes } = (await import(/* @vite-ignore */ pathToFileURL(at('small.mjs')).href)) as {
    default: Uint8Array;
  };
  expect(parseModel(bytes)).toMatchObject({ name: 'espcn-f4-x2-w4a4s8-power-of-two', scale: 2 });
});

it.each(['power-of-two', 'leaky', 'espcn', 'stripes', 'esm'])('CONTRIBUTING.md shows %s as it stands', (name) => {
  const page = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  const code = readFileSync(join(root, `tools/contributing/${name}.ts`), 'utf8');
  expect(page).toContain(`\`\`\`ts\n${code}\`\`\`\n`);
});
