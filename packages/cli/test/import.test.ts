/**
 * `fqsr import`, and the published figures of imported networks. The real checkpoints are no part of the repository: without `../shared` beside it,
 * what needs them is skipped.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@fqsr/backends';
import { openSource } from '@fqsr/datasets';
import { buildGraph, forward, importNetwork, makeGraph, readForeign, toTensors } from '@fqsr/sr-models';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../src/evaluate.js';
import { graphNetwork } from '../src/graph-network.js';
import { quietIo } from '../src/io.js';
import { fqsr, scratch, tiny } from './fqsr.js';
import { runHere } from './in-process.js';

const golden = (name: string) => fileURLToPath(new URL(`../../sr-models/test/goldens/${name}`, import.meta.url));
const shared = fileURLToPath(new URL('../../../../shared/', import.meta.url));
const present = existsSync(join(shared, 'checkpoints')) && existsSync(join(shared, 'datasets'));
if (!present) process.stderr.write(`skipped: the figures of imported networks, since ${shared} does not exist\n`);

const silent = quietIo();
const at = scratch();

describe('fqsr import', () => {
  it('writes a checkpoint that the other commands take', async () => {
    const done = await fqsr('import', golden('edsr-x2.zip.pt'), '-o', at('edsr.safetensors'), '--json');
    expect(done.code, done.stderr).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({
      model: { family: 'edsr', name: 'edsr-f4b2-shuffle', config: { scale: 2, blocks: 2, features: 4 } },
      map: 'edsr-pytorch',
      range: 255,
      format: 'torch zip',
    });
    const info = await runHere('info', at('edsr.safetensors'));
    expect(info.stdout).toContain('edsr-f4b2-shuffle-x2: float');
    const measured = await runHere('eval', '--data', 'dead-leaves:1:32', '--model', at('edsr.safetensors'), '--json');
    expect(JSON.parse(measured.stdout)).toMatchObject({ arithmetic: 'float', scale: 2, images: 1 });
  });

  it.each<[string, readonly string[], 1 | 2, RegExp]>([
    ['code', [golden('refused-namespace.pt')], 1, /refused-namespace\.pt: .*got the Python object argparse\.Namespace/],
    [
      'another scale',
      [golden('edsr-x2.zip.pt'), '--scale', '4'],
      2,
      /--scale: must be 2, as the tensors of .* say, got 4/,
    ],
    [
      'another model',
      [golden('edsr-x2.zip.pt'), '--model', 'edsr-baseline', '--scale', '2'],
      1,
      /got missing body\.2\.body\.0\.weight.*extra body\.2\.weight.*misshapen head\.0\.weight/,
    ],
    ['a model without a scale', [golden('edsr-x2.zip.pt'), '--model', 'edsr-baseline'], 2, /--scale: must be given/],
    ['an unknown map', [golden('edsr-x2.zip.pt'), '--map', 'mine'], 2, /--map: must be one of edsr-pytorch, /],
    ['no file', [at('none.pt')], 1, /none\.pt does not exist/],
  ])('refuses %s in one line, and writes nothing', async (_title, args, code, message) => {
    const done = await runHere('import', ...args, '-o', at('refused.safetensors'));
    expect(done.code, done.stderr).toBe(code);
    expect(done.stderr.split('\n').filter((line) => line.startsWith('fqsr: '))).toHaveLength(1);
    expect(done.stderr).toMatch(message);
    expect(existsSync(at('refused.safetensors'))).toBe(false);
  });
});

describe('a file of PyTorch where a checkpoint is wanted', () => {
  const file = golden('edsr-x2.zip.pt');
  const recognised =
    /edsr-x2\.zip\.pt: torch zip, \d+ tensors.*, read as edsr-f4b2-shuffle x2 by the names of edsr-pytorch, images to 255/;
  const small = ['--data', 'dead-leaves:8:64', '--batch-size', '2', '--patch-size', '8', '--patches-per-image', '2'];
  const once = (said: string) => expect(said.match(new RegExp(recognised, 'g'))).toHaveLength(1);

  it('starts a training, and says once what it is', async () => {
    const options = ['--init', file, '--plan', 'w4a4s8', '--warmup-steps', '2', '--steps', '3'];
    const { code, said } = await runHere('train', ...small, ...options, '-o', at('from-torch'));
    expect(code, said).toBe(0);
    once(said);
    const { config } = JSON.parse(readFileSync(at('from-torch', 'run.json'), 'utf8'));
    expect(config).toMatchObject({ init: file, model: { name: 'edsr-f4b2-shuffle', config: { scale: 2 } } });
  });

  it('teaches', async () => {
    const options = ['--distill', 'outputs', '--teacher', file, '--steps', '2'];
    const { code, said } = await runHere('train', ...tiny, ...options, '-o', at('taught'));
    expect(code, said).toBe(0);
    once(said);
  });

  it('is measured and described', async () => {
    const measured = await runHere('eval', '--data', 'dead-leaves:1:32', '--model', file);
    expect(measured.code, measured.said).toBe(0);
    expect(measured.said).toContain('edsr-f4b2-shuffle-x2 x2 on dead-leaves');
    once(measured.said);
    const info = await runHere('info', file);
    expect(info.said).toContain('edsr-f4b2-shuffle-x2: float');
    once(info.said);
  });

  it('is taken for the network that the command line names', async () => {
    const options = ['--init', file, '--model', 'edsr-baseline', '--scale', '2', '--steps', '2', '-o', at('other')];
    const { code, said } = await runHere('train', ...small, ...options);
    expect(said).toMatch(
      /^fqsr: .*edsr-x2\.zip\.pt: .*got missing body\.2\.body\.0\.weight.*extra .*misshapen head\.0\.weight/m,
    );
    expect(code).toBe(1);
  });

  it.each<[string, string, readonly string[], RegExp]>([
    ['code', 'refused-module.pt', ['info'], /refused-module\.pt: .*got the Python object/],
    [
      'TorchScript',
      'refused-torchscript.pt',
      ['eval', '--data', 'dead-leaves:1:32', '--model'],
      /refused-torchscript\.pt: /,
    ],
    [
      'code as a start',
      'refused-namespace.pt',
      ['train', ...small, '-o', at('code'), '--init'],
      /refused-namespace\.pt: .*argparse/,
    ],
    [
      'a float network as an export',
      'edsr-x2.zip.pt',
      ['export', '-o', at('float.fqsr')],
      /must be quantized, got a float one/,
    ],
  ])('refuses %s in one line', async (_title, name, command, message) => {
    const { code, said } = await runHere(...command, golden(name));
    expect(said.split('\n').filter((line) => line.startsWith('fqsr: '))).toHaveLength(1);
    expect(said).toMatch(message);
    expect(code).toBe(1);
  });
});

const checkpoint = (name: string) => readFileSync(join(shared, 'checkpoints', `${name}.safetensors`));

describe.skipIf(!present)('imported networks on Set5, in float', () => {
  it.each([
    ['edsr_baseline_x4', 'edsr-baseline', 32.04],
    ['edsr_baseline_x2', 'edsr-baseline', 37.364],
    ['srgan_generator_x4', 'srgan-nobn', 28.686],
  ])('%s: %s, %f dB within 0.01', { timeout: 300_000 }, async (name, model, psnr) => {
    const imported = await importNetwork(await readForeign(checkpoint(name)));
    expect(imported.model.name).toBe(model);
    const network = await graphNetwork({ ...imported, plan: null });
    const source = await openSource(join(shared, 'datasets', 'Set5'));
    const figures = await evaluate(network, source, silent, { convention: 'edsr-benchmark' });
    network.dispose();
    expect(Math.abs(figures.psnr - psnr)).toBeLessThan(0.01);
  });

  it('EDSR shows the whole-numbered mean at the border alone, by less than half a grey level', async () => {
    await useBackend('auto');
    const { model, params } = await importNetwork(await readForeign(checkpoint('edsr_baseline_x4')));
    const graph = buildGraph(model);
    const [input, ...nodes] = graph.nodes;
    if (input?.op !== 'input') throw new Error('no input');
    const mean = [0.4488, 0.4371, 0.404].map((value) => value * 255);
    // The network as it was trained: the real mean subtracted, the first bias as it is in the file, in the unit that the import gave to what the first layer makes.
    const { tensors } = await readForeign(checkpoint('edsr_baseline_x4'));
    const read = async (name: string) => (await tensors.get(`head.0.${name}`)?.read()) as Float32Array;
    const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const unit = largest(params.get('head.weight') as Float32Array) / largest(await read('weight'));
    expect(Math.log2(unit) % 1).toBe(0);
    const bias = (await read('bias')).map((value) => value * unit);
    const trained = makeGraph({ ...graph, nodes: [{ ...input, zeroPoint: mean }, ...nodes] });
    const { lr } = await (await openSource(join(shared, 'datasets', 'Set5'))).pair(0, 4);
    const [border, inside] = tf.tidy(() => {
      const side = 48;
      const image = tf.slice(
        tf.tensor3d(Float32Array.from(lr.data), [lr.height, lr.width, 3]),
        [0, 0, 0],
        [side, side, 3],
      );
      const run = (network: typeof graph, own: typeof params) =>
        forward(network, tf.expandDims(image) as tf.Tensor4D, { params: toTensors(network, own), mode: 'float' });
      const apart = tf.abs(tf.sub(run(graph, params), run(trained, new Map([...params, ['head.bias', bias]]))));
      const edge = 64;
      const middle = tf.slice(apart, [0, edge, edge, 0], [1, 4 * side - 2 * edge, 4 * side - 2 * edge, 3]);
      return [tf.max(apart).dataSync()[0] as number, tf.max(middle).dataSync()[0] as number];
    });
    process.stderr.write(
      `whole-numbered mean: up to ${border?.toFixed(4)} grey levels, ${inside?.toFixed(5)} beyond 16 pixels\n`,
    );
    expect(border).toBeLessThan(0.5);
    expect(inside).toBeLessThan(0.001);
  });
});
