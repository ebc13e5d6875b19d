import { describe, expect, it } from 'vitest';
import { ModelError } from '../../error.js';
import { buildGraph, modelByName, modelFamilies } from '../../models/registry.js';
import { parameters } from '../../passes/parameters.js';
import { importNetwork } from '../import.js';
import type { ForeignTensor } from '../tensor.js';
import { nameMaps } from './registry.js';
import type { NameMap } from './types.js';

const tensor = (...shape: number[]): ForeignTensor => ({
  shape,
  dtype: 'float32',
  read: async () => new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5),
});
const fileOf = (tensors: ReadonlyMap<string, ForeignTensor>) =>
  ({ format: 'safetensors', tensors, metadata: {} }) as const;

/** A network of each family. */
const smallest: Readonly<Record<string, string>> = {
  edsr: 'edsr-f4b2-shuffle',
  srresnet: 'srgan-f4b2',
  msrresnet: 'msrresnet-f4b2',
};

/** A file of a model by the names of a map, all weights alike. */
function fileBy(map: NameMap, family: string, scale: number): Map<string, ForeignTensor> {
  const model = modelByName(smallest[family] ?? '', scale);
  const graph = buildGraph(model);
  const modules = map.modules({ ...model.config, blocks: 2, features: 4 }, new Map());
  const parts = {
    weight: 'weight',
    bias: 'bias',
    slope: 'weight',
    gamma: 'weight',
    beta: 'bias',
    mean: 'running_mean',
    variance: 'running_var',
  };
  return new Map(
    parameters(graph).map(({ name, shape, kind }) => {
      const node = name.slice(0, name.lastIndexOf('.'));
      const part = parts[name.slice(node.length + 1) as keyof typeof parts];
      const [h, w, i, o] = shape as [number, number, number, number];
      return [`${modules[node]}.${part}`, kind === 'weight' ? tensor(o, i, h, w) : tensor(...shape)];
    }),
  );
}

const maps: readonly (readonly [string, NameMap])[] = Object.entries(nameMaps);

describe.each(maps)('map %s', (key, map) => {
  it('has its own name, a description and a family', () => {
    expect(map.name).toBe(key);
    expect(map.description).not.toBe('');
    expect(Object.keys(modelFamilies)).toContain(map.family);
    expect(map.recognises(new Map())).toBe(false);
  });
});

describe.each(maps.flatMap(([key, map]) => [2, 4].map((scale) => [key, scale, map] as const)))(
  '%s x%i',
  (key, scale, map) => {
    it('names every parameter of its family, once, and is recognised by no other map', async () => {
      const tensors = fileBy(map, map.family, scale);
      expect([...tensors.keys()].filter((name) => name.startsWith('undefined'))).toEqual([]);
      const shapes = new Map([...tensors].map(([name, { shape }]) => [name, shape]));
      expect(maps.filter(([, other]) => other.recognises(shapes)).map(([name]) => name)).toEqual([key]);
      expect(map.infer(shapes, {})).toMatchObject({ scale, blocks: 2, features: 4 });
      expect((await importNetwork(fileOf(tensors))).model.config).toMatchObject({ scale, blocks: 2, features: 4 });
    });

    it('reads the same behind the prefixes of wrappers', async () => {
      const tensors = new Map(
        [...fileBy(map, map.family, scale)].map(([name, value]) => [`module.model.${name}`, value]),
      );
      expect((await importNetwork(fileOf(tensors))).map).toBe(key);
    });
  },
);

it('names that no map knows are refused with the maps', async () => {
  const work = importNetwork(fileOf(new Map([['encoder.0.weight', tensor(1)]])));
  await expect(work).rejects.toThrow(ModelError);
  await expect(work).rejects.toThrow(/names must be those of edsr-pytorch, basicsr-edsr, .*, got encoder\.0\.weight/);
});

it('a file that says tanh is no network without one', async () => {
  const tensors = fileBy(nameMaps.srresnet, 'srresnet', 4);
  const file = { ...fileOf(tensors), metadata: { output: 'tanh, then (y+1)*127.5', rgb_range: '255 (folded)' } };
  expect(await importNetwork(file)).toMatchObject({ model: { name: 'srgan-f4b2' }, range: 255 });
  await expect(importNetwork(file, { model: modelByName('srresnet-f4b2', 4) })).rejects.toThrow(
    /model must end in tanh/,
  );
  const named = fileOf(fileBy(nameMaps['srgan-leftthomas'], 'srresnet', 4));
  await expect(importNetwork(named, { model: modelByName('srresnet-f4b2', 4) })).rejects.toThrow(/must end in tanh/);
  await expect(importNetwork({ ...file, metadata: { rgb_range: '12' } })).rejects.toThrow(
    /rgb_range in the metadata must be 1 or 255/,
  );
});
