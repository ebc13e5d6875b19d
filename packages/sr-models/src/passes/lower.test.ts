import { useBackend } from '@fqsr/backends';
import { makePlan, planFromPreset } from '@fqsr/quant-core/spec';
import { type IntegerModel, parseModel, runModel, serializeModel } from '@fqsr/runtime';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  calibratedParams,
  midrisePlan,
  perChannelPlan,
  randomImage,
  tinyMsrresnet,
  tinyQuantized,
  tinySrresnet,
} from '../../test/networks.js';
import { ModelError } from '../error.js';
import type { Graph } from '../graph.js';
import type { Params } from '../params.js';
import { lower } from './lower.js';
import { quantizeGraph } from './quantize.js';
import { agrees, type ImageBytes, verify } from './verify.js';

await useBackend('wasm');

const image = randomImage(3, 17, 13);
const verified = (graph: Graph, params: Params, model: IntegerModel) =>
  verify(graph, params, image, (tap) => runModel(model, image, { tap }));

const plans = [
  'w8a8s8',
  'w4a4s8',
  'w2a2s8',
  'w3a5s6',
  perChannelPlan('w8a8s8'),
  perChannelPlan('w4a4s6'),
  midrisePlan('w8a8s8'),
  midrisePlan('w4a4s8'),
  midrisePlan('w2a1s4'),
];
const networks = plans.flatMap((plan, p) =>
  [2, 3, 4].flatMap((scale) =>
    (['direct', 'shuffle'] as const).map((upsampler, u) => ({
      plan,
      named: typeof plan === 'string' ? plan : plan.name,
      config: { scale, upsampler, blocks: 2, features: 5 + u, residualScale: (p + u) % 2 ? 0.1 : 1 },
    })),
  ),
);

const edsrs = networks.map(({ plan, named, config }) => ({
  title: `EDSR ${named}, x${config.scale} ${config.upsampler}, residuals times ${config.residualScale}`,
  graph: tinyQuantized(plan, config),
}));
const srresnets = plans.flatMap((plan, p) =>
  (['linear', 'tanh'] as const).map((output) => ({
    title: `SRResNet ${typeof plan === 'string' ? plan : plan.name}, x${2 + (p % 3)} ${output}`,
    graph: quantizeGraph(
      tinySrresnet({ scale: 2 + (p % 3), output, blocks: 2, features: 5 }),
      typeof plan === 'string' ? planFromPreset(plan) : plan,
    ),
  })),
);

const msrresnets = plans.map((plan, p) => ({
  title: `MSRResNet ${typeof plan === 'string' ? plan : plan.name}, x${2 + (p % 3)}`,
  graph: quantizeGraph(
    tinyMsrresnet({ scale: 2 + (p % 3), blocks: 2, features: 5 }),
    typeof plan === 'string' ? planFromPreset(plan) : plan,
  ),
}));

const skipped = {
  title: 'SRResNet w4a4s8, x3 bilinear',
  graph: quantizeGraph(
    tinySrresnet({ scale: 3, imageSkip: 'bilinear', blocks: 2, features: 5 }),
    planFromPreset('w4a4s8'),
  ),
};

describe.each([...edsrs, ...srresnets, ...msrresnets, skipped])('$title', ({ graph }) => {
  let params: Params;
  let model: IntegerModel;
  beforeAll(() => {
    params = calibratedParams(graph, graph.scale);
    model = lower(graph, params, { seed: '1' });
  });

  it('runs as integers as the fake-quantized graph does, tensor by tensor', () => {
    const layers = verified(graph, params, model);
    expect(layers.map(({ tensor }) => tensor)).toEqual([
      ...graph.nodes.filter(({ op }) => op === 'quantize').map(({ name }) => name),
      'output',
    ]);
    // The contract allows one level on 0.1 %; exact inference leaves nothing.
    expect(layers.filter(({ different }) => different > 0)).toEqual([]);
    expect(agrees(layers)).toBe(true);
    const spread = new Set(runModel(model, image).data);
    expect(spread.size).toBeGreaterThan(8);
  });

  it('goes through a file unchanged', () => {
    const bytes = serializeModel(model);
    expect(parseModel(bytes)).toEqual(model);
    expect(serializeModel(parseModel(bytes))).toEqual(bytes);
  });
});

describe('lower', () => {
  const graph = tinyQuantized('w4a4s8', { residualScale: 0.1 });
  const params = () => new Map(calibratedParams(graph, 1));

  it('is deterministic, leaks no tensors and carries the metadata', () => {
    const own = params();
    const before = tf.memory().numTensors;
    const model = lower(graph, own, { provenance: 'test' });
    expect(lower(graph, own, { provenance: 'test' })).toEqual(model);
    expect(model.metadata).toEqual({ provenance: 'test' });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('drops ReLUs and residual scaling: a clamp and a factor', () => {
    const { nodes, tensors } = lower(graph, params());
    expect(new Set(nodes.map(({ op }) => op))).toEqual(
      new Set(['input', 'conv2d', 'requantize', 'add', 'pixelShuffle', 'output']),
    );
    expect(nodes.find(({ name }) => name === 'body.0.conv2.in')).toMatchObject({
      input: 'body.0.conv1',
      qmin: 0,
      qmax: 15,
    });
    expect(nodes.find(({ name }) => name === 'body.0.add.b')).toMatchObject({ input: 'body.0.conv2', qmin: -128 });
    expect(tensors['body.0.add.b.multiplier']?.length).toBe(4);
    expect(tensors['tail.in.multiplier']?.length).toBe(1);
  });

  it('clamps a signed grid behind a ReLU at zero', () => {
    const plan = makePlan({
      ...planFromPreset('w4a4s8'),
      overrides: [{ pattern: 'body.0.conv2', role: 'activations', spec: { signed: true } }],
    });
    const signed = tinyQuantized(plan);
    const own = calibratedParams(signed, 1);
    const model = lower(signed, own);
    expect(model.nodes.find(({ name }) => name === 'body.0.conv2.in')).toMatchObject({
      grid: { signed: true },
      qmin: 0,
      qmax: 7,
    });
    expect(agrees(verified(signed, own, model))).toBe(true);
  });

  it('refuses a plan that leaves float, naming the tensors', () => {
    const { roles } = planFromPreset('w4a4s8');
    const float = tinyQuantized(makePlan({ name: 'part', roles: { ...roles, skips: null }, overrides: [] }));
    const own = calibratedParams(float, 1);
    expect(() => lower(float, own)).toThrow(ModelError);
    expect(() => lower(float, own)).toThrow('graph must be fully quantized, got float in body.0.add input head,');
  });

  it('refuses biases beyond int32 and steps too far apart, naming them', () => {
    const bias = params().set('tail.bias', new Float32Array(12).fill(1e15));
    expect(() => lower(graph, bias)).toThrow(/^\[sr-models\] lower: tail\.bias must fit int32, got /);
    const step = params().set('tail.in.logStep', Float32Array.of(-30));
    expect(() => lower(graph, step)).toThrow(/^\[sr-models\] lower: tail\.in must have a step near its input's, got /);
  });
});

describe('verify', () => {
  const graph = tinyQuantized('w8a8s8');
  const params = calibratedParams(graph, 1);
  const model = lower(graph, params);

  it('sees one wrong weight, and a wrong order of subpixels', () => {
    const weight = (model.tensors['body.conv.weight'] as Int8Array).slice();
    weight[40] = (weight[40] as number) > 0 ? -100 : 100;
    const wrong = { ...model, tensors: { ...model.tensors, 'body.conv.weight': weight } };
    const layers = verified(graph, params, wrong);
    expect(agrees(layers)).toBe(false);
    expect(agrees(layers.filter(({ tensor }) => tensor.startsWith('body.0.')))).toBe(true);
    const nodes = model.nodes.map((node) => (node.op === 'pixelShuffle' ? { ...node, order: 'crd' as const } : node));
    const turned = verified(graph, params, { ...model, nodes });
    expect(agrees(turned)).toBe(false);
    expect(agrees(turned.slice(0, -1))).toBe(true);
  });

  it('refuses a run that shows too little, or tensors of another size', () => {
    const result: ImageBytes = { width: 34, height: 26, data: new Uint8Array(34 * 26 * 3) };
    expect(() => verify(graph, params, image, () => result)).toThrow('run must show all 9 stored tensors, got 0');
    const short = (tap: (name: string, levels: ArrayLike<number>) => void) =>
      runModel(model, image, { tap: (name, levels) => tap(name, levels.subarray(1)) });
    expect(() => verify(graph, params, image, short)).toThrow(/must have \d+ samples, got \d+/);
    const crop = (tap: (name: string, levels: ArrayLike<number>) => void) => ({
      ...runModel(model, image, { tap }),
      data: new Uint8Array(3),
    });
    expect(() => verify(graph, params, image, crop)).toThrow('output must have 2652 samples, got 3');
  });

  it('takes one level on one sample in a thousand', () => {
    const layer = { tensor: 'x', samples: 2000, different: 2, largest: 1 };
    expect(agrees([layer])).toBe(true);
    expect(agrees([layer, { ...layer, different: 3 }])).toBe(false);
    expect(agrees([{ ...layer, different: 1, largest: 2 }])).toBe(false);
  });
});
