/** Imported networks compute what PyTorch computes. The goldens and how they were made: `test/goldens/make.py`. */
import { useBackend } from '@fqsr/backends';
import { beforeAll, describe, expect, it } from 'vitest';
import { computed, distance, golden } from '../../test/foreign.js';
import { ModelError } from '../error.js';
import { type Graph, makeGraph } from '../graph.js';
import { buildGraph, modelByName } from '../models/registry.js';
import type { Params } from '../params.js';
import { foldBatchNorm } from '../passes/fold.js';
import { importNetwork } from './import.js';
import { readForeign } from './read.js';
import type { ForeignFile } from './tensor.js';

beforeAll(() => useBackend('wasm'));

/** Float32 rounding over some ten layers of values up to a few hundred grey levels. */
const close = 2e-3;

const imported = async (name: string, options = {}) => importNetwork(await readForeign(golden(name)), options);

/** The network as PyTorch has it: the input minus the real mean, and the first bias without what the import put there for it. */
function unfolded(graph: Graph, params: Params, mean: readonly number[]): { graph: Graph; params: Params } {
  const [input, ...nodes] = graph.nodes;
  if (input?.op !== 'input') throw new Error('no input');
  const weight = params.get('head.weight') as Float32Array;
  const bias = Float32Array.from(params.get('head.bias') as Float32Array);
  for (const [i, w] of weight.entries()) {
    const colour = Math.floor(i / bias.length) % 3;
    const rest = (mean[colour] as number) - (input.zeroPoint[colour] as number);
    bias[i % bias.length] = (bias[i % bias.length] as number) + w * rest;
  }
  return {
    graph: makeGraph({ ...graph, nodes: [{ ...input, zeroPoint: mean }, ...nodes] }),
    params: new Map([...params, ['head.bias', bias]]),
  };
}

const div2k = [0.4488, 0.4371, 0.404].map((mean) => mean * 255);

describe.each([
  ['edsr-x2.zip.pt', 'edsr-x2', 'edsr-f4b2-shuffle', 2, 'edsr-pytorch', 255],
  ['edsr-x3.zip.pt', 'edsr-x3', 'edsr-f4b2-shuffle', 3, 'edsr-pytorch', 255],
  ['edsr-x4.zip.pt', 'edsr-x4', 'edsr-f4b2-shuffle', 4, 'edsr-pytorch', 255],
  ['basicsr-x4.pth', 'edsr-x4', 'edsr-f4b2-shuffle', 4, 'basicsr-edsr', 255],
  ['edsr-unit-x2.zip.pt', 'edsr-unit-x2', 'edsr-f4b2-shuffle', 2, 'edsr-pytorch', 1],
] as const)('EDSR %s', (file, outputs, name, scale, map, range) => {
  it('is recognised, with its size, its range and its mean', async () => {
    const network = await imported(file);
    expect(network).toMatchObject({ model: modelByName(name, scale), map, range });
  });

  it('computes what PyTorch computes, wherever the border is not seen', async () => {
    const { model, params } = await imported(file);
    expect(distance(buildGraph(model), params, computed(outputs).middle)).toBeLessThan(close);
  });

  it('differs at the border by the frame alone: with the real mean it is exact there too', async () => {
    const { model, params } = await imported(file);
    const graph = buildGraph(model);
    const exact = unfolded(graph, params, div2k);
    expect(distance(exact.graph, exact.params, computed(outputs).small)).toBeLessThan(close);
    // These networks are random; in a trained one the frame shows less (see test/import.test.ts of the command line).
    expect(distance(graph, params, computed(outputs).small)).toBeLessThan(0.5);
  });
});

describe.each([
  ['srresnet-x4.zip.pt', 'srresnet-x4', 'srresnet-f4b2', 4, 'srresnet'],
  ['srgan-x2.zip.pt', 'srgan-x2', 'srgan-f4b2', 2, 'srgan-leftthomas'],
] as const)('SRResNet %s', (file, outputs, name, scale, map) => {
  it('computes what PyTorch computes, border and batch normalisation included', async () => {
    const { model, params, ...rest } = await imported(file);
    expect({ model, ...rest }).toEqual({ model: modelByName(name, scale), map, range: 1 });
    const graph = buildGraph(model);
    expect(distance(graph, params, computed(outputs).small)).toBeLessThan(close);
    const folded = foldBatchNorm(graph, params);
    expect(distance(folded.graph, folded.params, computed(outputs).small)).toBeLessThan(close);
  });
});

describe.each([2, 3, 4])('MSRResNet x%i', (scale) => {
  it('computes what PyTorch computes, its bilinear enlargement and border included', async () => {
    const { model, params, ...rest } = await imported(`msrresnet-x${scale}.pth`);
    expect({ model, ...rest }).toEqual({
      model: modelByName('msrresnet-f4b2', scale),
      map: 'basicsr-msrresnet',
      range: 1,
    });
    expect(distance(buildGraph(model), params, computed(`msrresnet-x${scale}`).small)).toBeLessThan(close);
  });
});

describe('what the caller says', () => {
  it('wins over the range that the file suggests, and must make sense', async () => {
    await expect(imported('edsr-x2.zip.pt', { range: 1 })).rejects.toThrow(
      /mean of the image must be within half a grey level of 114, 111, 103/,
    );
    const ten = await imported('srresnet-x4.zip.pt', { range: 255 });
    expect(ten.range).toBe(255);
    const one = await imported('srresnet-x4.zip.pt');
    const first = (network: typeof one) => network.params.get('head.weight')?.[0] as number;
    expect(first(ten) / first(one)).toBeCloseTo(255, 2);
  });

  it('must be of the family, the map and the model of the file', async () => {
    const file = 'edsr-x2.zip.pt';
    await expect(imported(file, { model: modelByName('srresnet', 2) })).rejects.toThrow(/must be of the family edsr/);
    await expect(imported(file, { map: 'no-such' })).rejects.toThrow(/map must be one of edsr-pytorch, basicsr-edsr/);
    await expect(imported(file, { map: 'basicsr-edsr' })).rejects.toThrow(ModelError);
  });
});

describe('tensors that do not fit are named, all of them', () => {
  const model = modelByName('edsr-f4b2-shuffle', 2);
  const altered = async (
    change: (tensors: Map<string, ForeignFile['tensors'] extends ReadonlyMap<string, infer T> ? T : never>) => void,
  ) => {
    const file = await readForeign(golden('edsr-x2.zip.pt'));
    const tensors = new Map(file.tensors);
    change(tensors);
    return importNetwork({ ...file, tensors }, { model });
  };

  it('missing, extra and misshapen ones in one message', async () => {
    const work = altered((tensors) => {
      tensors.delete('body.1.body.2.bias');
      tensors.set('tail.9.weight', { shape: [1], dtype: 'float32', read: async () => new Float32Array(1) });
      const head = tensors.get('head.0.weight');
      if (head) tensors.set('head.0.weight', { ...head, shape: [4, 1, 3, 3] });
    });
    await expect(work).rejects.toThrow(
      'file must hold exactly the tensors of edsr-f4b2-shuffle-x2 by the names of edsr-pytorch, got missing body.1.body.2.bias; extra tail.9.weight; ' +
        'misshapen head.0.weight (4x1x3x3 instead of 4x3x3x3)',
    );
  });

  it('for another scale and another size', async () => {
    await expect(imported('edsr-x2.zip.pt', { model: modelByName('edsr-f4b2-shuffle', 4) })).rejects.toThrow(
      /missing tail\.0\.2\.weight, tail\.0\.2\.bias/,
    );
    await expect(imported('edsr-x2.zip.pt', { model: modelByName('edsr-f8b2-shuffle', 2) })).rejects.toThrow(
      /misshapen head\.0\.weight \(4x3x3x3 instead of 8x3x3x3\), .* and \d+ more/,
    );
    await expect(imported('edsr-x2.zip.pt', { model: modelByName('edsr-f4b1-shuffle', 2) })).rejects.toThrow(
      /body\.2\.weight/,
    );
  });

  it('values that are not finite', async () => {
    const work = altered((tensors) => {
      const bias = tensors.get('tail.1.bias');
      if (bias) tensors.set('tail.1.bias', { ...bias, read: async () => Float32Array.of(0, Number.NaN, 0) });
    });
    await expect(work).rejects.toThrow('tail.1.bias must be finite in float32, got NaN');
  });

  it('shifts that mix colours', async () => {
    const work = altered((tensors) => {
      const shift = tensors.get('sub_mean.weight');
      if (shift) tensors.set('sub_mean.weight', { ...shift, read: async () => new Float32Array(9).fill(1) });
    });
    await expect(work).rejects.toThrow('sub_mean must scale and shift each colour by itself');
  });
});
