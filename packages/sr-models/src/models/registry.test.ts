import { planFromPreset } from '@fqsr/quant-core/spec';
import { describe, expect, it } from 'vitest';
import { graphOf } from '../checkpoint.js';
import { ModelError } from '../error.js';
import type { Conv2dNode } from '../graph.js';
import { auditGraph } from '../passes/audit.js';
import { cost } from '../passes/cost.js';
import { foldGraph } from '../passes/fold.js';
import { parameters } from '../passes/parameters.js';
import { quantizeGraph } from '../passes/quantize.js';
import { shapes } from '../passes/shapes.js';
import { buildGraph, modelByName, modelFamilies, modelNames, registerModelFamily } from './registry.js';
import type { ModelFamily } from './types.js';

const families: readonly (readonly [string, ModelFamily])[] = Object.entries(modelFamilies);
const presets = families.flatMap(([, { presets }]) => Object.keys(presets));

describe.each(families)('family %s', (key, family) => {
  it('has its own name and a description', () => {
    expect(family.name).toBe(key);
    expect(family.description).not.toBe('');
    expect(family.parse('no-such-network')).toBeNull();
  });

  it('refuses what is no configuration with an error of this package', () => {
    for (const bad of [{}, { scale: 2, surprise: 1 }, { scale: '2' }])
      expect(() => family.check(bad)).toThrow(ModelError);
  });
});

describe.each(presets.flatMap((name) => [2, 3, 4].map((scale) => [name, scale] as const)))('%s x%i', (name, scale) => {
  const ref = modelByName(name, scale);
  const graph = buildGraph(ref);

  it('is plain data that gives the same graph again', () => {
    expect(buildGraph(JSON.parse(JSON.stringify(ref)))).toEqual(graph);
    expect(graph).toMatchObject({ name: `${name}-x${scale}`, scale });
  });

  it('turns three channels into three channels at its scale, with channels that fit', () => {
    const shapeOf = shapes(graph);
    expect(shapeOf.get(graph.nodes[0]?.name as string)).toEqual({ channels: 3, factor: 1 });
    expect(shapeOf.get(graph.nodes.at(-1)?.name as string)).toEqual({ channels: 3, factor: scale });
    for (const node of graph.nodes) {
      if (node.op === 'conv2d') expect(shapeOf.get(node.input)?.channels).toBe(node.inChannels);
      if (node.op === 'add') expect(shapeOf.get(node.inputs[0])).toEqual(shapeOf.get(node.inputs[1]));
    }
  });

  it('has weights and biases for every convolution, and as many learned values as its cost says', () => {
    const all = parameters(graph).filter(({ kind }) => kind !== 'statistic');
    const convs = graph.nodes.filter((node): node is Conv2dNode => node.op === 'conv2d');
    const ofConvs = all.filter(({ kind }) => kind === 'weight' || kind === 'bias').map(({ name }) => name);
    expect(ofConvs).toEqual(convs.flatMap((node) => [`${node.name}.weight`, `${node.name}.bias`]));
    const values = all.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(cost(graph).parameters).toBe(values);
  });

  it('becomes fully quantized under a preset plan', () => {
    const quantized = quantizeGraph(foldGraph(graph), planFromPreset('w4a4s8'));
    expect(auditGraph(quantized)).toMatchObject({ fullyQuantized: true, floats: [] });
    expect(auditGraph(graph).fullyQuantized).toBe(false);
    expect(cost(quantized).modelBytes).toBeLessThan(cost(graph).modelBytes / 7);
    expect(cost(quantized).peakActivationBytesPerPixel).toBeLessThan(cost(graph).peakActivationBytesPerPixel / 2);
  });
});

describe('names', () => {
  it('lists every preset', () => {
    expect(modelNames).toEqual(presets);
  });

  it.each(['edsr-huge', '', 'toString', '__proto__'])('refuses the model %j with the choices', (name) => {
    expect(() => modelByName(name, 2)).toThrow(ModelError);
    expect(() => modelByName(name, 2)).toThrow(
      'model must be one of edsr-baseline, edsr, srresnet, srresnet-nobn, srgan, srgan-nobn, msrresnet or edsr-f<features>b<blocks>,',
    );
  });

  it('refuses an unknown family, and a scale that there is not', () => {
    const ref = modelByName('edsr-baseline', 2);
    for (const family of ['unet', 'toString']) {
      expect(() => buildGraph({ ...ref, family })).toThrow(
        `[sr-models] buildGraph: family must be one of edsr, srresnet, msrresnet, got "${family}"`,
      );
    }
    expect(() => modelByName('edsr', 8)).toThrow('config.scale must be an integer from 2 to 4, got 8');
  });
});

describe('registerModelFamily', () => {
  /** EDSR under other names. */
  const other = {
    ...modelFamilies.edsr,
    name: 'other',
    presets: { 'other-baseline': modelFamilies.edsr.presets['edsr-baseline'] },
    parse: (name: string) => modelFamilies.edsr.parse(name.replace(/^other-/, 'edsr-')),
  } satisfies ModelFamily;
  const unlike = { ...other, parse: (name: string) => (name === 'unlike-f1b1' ? other.parse(name) : null) };

  it('makes a family known to names, graphs and checkpoints', () => {
    expect(() => modelByName('other-baseline', 2)).toThrow(ModelError);
    registerModelFamily(other);
    for (const name of ['other-baseline', 'other-f4b1']) {
      const ref = modelByName(name, 3);
      expect(ref).toMatchObject({ family: 'other', name });
      expect(graphOf({ model: ref, plan: null })).toMatchObject({ name: `${name}-x3`, scale: 3 });
    }
    expect(modelByName('edsr-f4b1', 2).family).toBe('edsr');
    expect(() => modelByName('none', 2)).toThrow('msrresnet, other-baseline or edsr-f');
  });

  it('refuses names that are taken or none, and what lacks a function', () => {
    const refusal = (fields: object) => () =>
      registerModelFamily({ ...unlike, name: 'unlike', presets: {}, ...fields });
    expect(refusal({ name: 'edsr' })).toThrow(
      '[sr-models] registerModelFamily: family.name must be new, got "edsr", which there is (choose another name)',
    );
    for (const name of ['', 'EDSR', '__proto__', undefined]) {
      expect(refusal({ name })).toThrow('family.name must be lower-case letters, digits and dashes, got');
    }
    for (const preset of ['srgan', 'edsr-f4b1']) {
      expect(refusal({ presets: { [preset]: unlike.presets['other-baseline'] } })).toThrow(
        `family.presets must be new names, got "${preset}", a network of`,
      );
    }
    expect(refusal({ build: undefined })).toThrow('family.build must be a function, got undefined');
  });
});
