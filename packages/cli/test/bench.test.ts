/** `fqsr bench`: what it prints and refuses, and that all engines compute the same. How fast they are is no matter for tests. */
import { writeFileSync } from 'node:fs';
import { useBackend } from '@fqsr/backends';
import { planFromPreset } from '@fqsr/quant-core/spec';
import { serializeModel } from '@fqsr/runtime';
import { buildGraph, initParams, lower, modelByName, serializeCheckpoint } from '@fqsr/sr-models';
import { beforeAll, describe, expect, it } from 'vitest';
import { peerNames } from '../src/bench/peers/registry.js';
import { createIo } from '../src/io.js';
import { calibrationPatches, postTrainOn } from '../src/post-training.js';
import { fqsr, scratch } from './fqsr.js';
import { runHere } from './in-process.js';

const at = scratch();
const quick = ['--turns', '1', '--seconds', '0', '--threads', '1', '--json'];
const tiny = ['edsr-f4b1', '--input', '9x14', ...quick];
const model = modelByName('edsr-f4b1', 2);
const graph = buildGraph(model);

beforeAll(async () => {
  await useBackend('wasm');
  const params = initParams(graph, 1);
  writeFileSync(at('float.safetensors'), serializeCheckpoint({ model, plan: null, params, training: null, run: {} }));
  const data = { data: 'dead-leaves:2:64', patches: 2, patchSize: 16, seed: 1 };
  const nothingLearned = { reconstruction: 'none', biasCorrection: 'none' } as const;
  const plan = planFromPreset('w4a4s8');
  const trained = postTrainOn({ graph, params }, plan, await calibrationPatches(data, 2), nothingLearned, createIo());
  writeFileSync(at('model.fqsr'), serializeModel(lower(trained.graph, trained.params)));
});

interface Row {
  readonly peer: string;
  readonly runs: number;
  readonly apart: number | null;
  readonly [figure: string]: number | string | null;
}

describe('fqsr bench', () => {
  it('runs every engine on the same network, and they give the same image', async () => {
    const others = peerNames.filter((name) => name !== 'fqsr');
    const { code, stdout, stderr } = await fqsr('bench', ...tiny, '--against', others.join(','));
    expect(code, stderr).toBe(0);
    const { measured, skipped, name, weights } = JSON.parse(stdout);
    expect([name, weights, skipped]).toEqual(['edsr-f4b1-x2-w8a8s8', 'random, seed 1', []]);
    expect(measured.map(({ peer }: Row) => peer)).toEqual(peerNames);
    for (const row of measured as Row[]) {
      expect([row['width'], row['height'], row.runs]).toEqual([14, 9, 1]);
      for (const figure of ['best', 'median', 'cpu', 'peakBytes']) expect(row[figure]).toBeGreaterThan(0);
      expect(row['peakBytes']).toBeGreaterThanOrEqual(Number(row['idleBytes']));
      const isInteger = /int8|reference/.test(row.peer);
      if (row.peer !== 'fqsr') expect(row.apart).toBeLessThanOrEqual(isInteger ? 1 : 16);
    }
    expect(stderr).toMatch(/FQSR, WASM +@fqsr\/runtime +1 .* 1\.00x/);
  });

  it('reports an engine that is not installed, and goes on', async () => {
    const hook = `export async function resolve(name, context, next) {
      if (name !== 'onnxruntime-web') return next(name, context);
      throw Object.assign(new Error("Cannot find package 'onnxruntime-web'"), { code: 'ERR_MODULE_NOT_FOUND' });
    }`;
    const url = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`;
    const register = `import { register } from 'node:module'; register(${JSON.stringify(url(hook))});`;
    process.env['NODE_OPTIONS'] = `--import=${url(register)}`;
    try {
      const { code, stdout, stderr } = await fqsr('bench', ...tiny, '--against', 'tfjs,onnxruntime-web');
      expect(code, stderr).toBe(0);
      const { measured, skipped } = JSON.parse(stdout);
      expect(measured.map(({ peer }: Row) => peer)).toEqual(['fqsr', 'tfjs']);
      expect(skipped).toEqual([{ peer: 'onnxruntime-web', install: 'onnxruntime-web' }]);
      expect(stderr).toContain(
        'skipped onnxruntime-web: onnxruntime-web is not installed (npm install onnxruntime-web)',
      );
    } finally {
      delete process.env['NODE_OPTIONS'];
    }
  });

  it('measures several sizes and their memory, in Markdown too', async () => {
    const { code, stdout, stderr } = await fqsr(
      'bench',
      at('model.fqsr'),
      '--sizes',
      '8x8,40x24',
      ...quick,
      '--markdown',
    );
    expect(code, stderr).toBe(0);
    const { measured, spread, weights } = JSON.parse(stdout);
    expect(measured.map(({ width, height }: Row) => [height, width])).toEqual([
      [8, 8],
      [40, 24],
    ]);
    // The larger one comes first, and its single run is as long as the smaller one's turn.
    expect(measured[1].runs).toBe(1);
    expect(Object.keys(spread)).toEqual(['median', 'cpu']);
    expect(Math.min(spread.median, spread.cpu)).toBeGreaterThanOrEqual(0);
    expect(weights).toMatch(/^of the file/);
    expect(stderr).toMatch(/\| engine \| input \|.*\n\| --- \| --- \|.*\n\| FQSR, WASM \| 8x8 \| \d+ \|/);
  });

  it('loads in fresh processes', async () => {
    const { code, stdout, stderr } = await fqsr(
      'bench',
      at('float.safetensors'),
      '--plan',
      'w2a4s8',
      '--load',
      ...quick,
    );
    expect(code, stderr).toBe(0);
    const { loads, name } = JSON.parse(stdout);
    expect([name, loads.length]).toEqual(['edsr-f4b1-x2-w2a4s8', 1]);
    expect(Object.keys(loads[0])).toEqual(['start', 'import', 'read', 'load', 'firstImage']);
    for (const { ms, cpuMs } of Object.values(loads[0]) as { ms: number; cpuMs: number }[]) {
      expect(ms).toBeGreaterThan(0);
      expect(cpuMs).toBeGreaterThanOrEqual(0);
    }
    expect(stderr).toContain('start of Node to first image');
  });

  it.each([
    ['an engine', ['--against', 'caffe'], /--against: must list fqsr-reference, tfjs, .*, or be none, got "caffe"/],
    ['a size', ['--sizes', '8x8,big'], /--sizes: must list sizes written HxW, got "big"/],
    ['two measurements', ['--sizes', '8x8', '--load'], /--load: must be left out with --sizes/],
    ['a model', [], /model: .*edsr-f9z9/, 'edsr-f9z9'],
    ['a plan for integers', ['--plan', 'w8a8s8'], /--plan: .*model\.fqsr must be a float network/, 'model.fqsr'],
  ] as const)('refuses %s that makes no sense', async (_title, options, reason, what: string = 'edsr-f4b1') => {
    const { code, said } = await runHere('bench', what === 'model.fqsr' ? at(what) : what, ...quick, ...options);
    expect(code).toBe(2);
    expect(said).toMatch(reason);
  });
});
