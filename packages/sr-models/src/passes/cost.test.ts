import { useBackend } from '@fqsr/backends';
import { makePlan, packedBytes, planFromPreset, type QuantPlan } from '@fqsr/quant-core/spec';
import { type IntegerModel, parseModel, serializeModel } from '@fqsr/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { calibratedParams, perChannelPlan, tinyEdsr, tinyMsrresnet, tinyQuantized } from '../../test/networks.js';
import type { Graph } from '../graph.js';
import { auditGraph } from './audit.js';
import { bitOpsFormula, cost } from './cost.js';
import { lower } from './lower.js';
import { quantizeGraph } from './quantize.js';
import { raise } from './raise.js';

await useBackend('wasm');

// One block of 4 features, x2: weights head 3 -> 4: 108, three of 4 -> 4: 144 each, tail 4 -> 12: 432; biases 4 * 4 + 12.
describe('a network of one block, by hand', () => {
  it('in float', () => {
    expect(cost(tinyEdsr())).toEqual({
      parameters: 1000,
      macsPerPixel: 972,
      // The image has 8 bits; two adds of four channels.
      bitOpsPerPixel: (108 + 864) * 32 * 32 + 2 * 4 * 32,
      modelBytes: 4000,
      // The tail's 12 channels and their shuffled copy.
      peakActivationBytesPerPixel: 96,
      skipBytesPerPixel: 0,
      // At the second convolution: the head's map and what it writes are skips; what it reads lives too.
      bodyActivationBytesPerPixel: 48,
      bodySkipBytesPerPixel: 32,
    });
  });

  it('quantized', () => {
    expect(cost(tinyQuantized('w4a4s8'))).toEqual({
      parameters: 1000,
      macsPerPixel: 972,
      bitOpsPerPixel: 108 * 4 * 8 + 864 * 4 * 4 + 2 * 4 * 8,
      // Weights, biases, and five bytes for each factor: six tensors read a convolution of 4 channels, two a sum, one the tail.
      modelBytes: 486 + 112 + 5 * (6 * 4 + 2 + 12),
      // The tail's 12 levels of 8 bits and their shuffled copy.
      peakActivationBytesPerPixel: 24,
      skipBytesPerPixel: 0,
      // The second convolution reads four bits a channel and writes eight, beside two skips of eight.
      bodyActivationBytesPerPixel: 2 + 4 + 4 + 4,
      bodySkipBytesPerPixel: 12,
    });
  });

  it('with wide features, where the body is the peak', () => {
    // Float, at the ReLU: the head's map for both skips, the convolution's and the ReLU's.
    expect(cost(tinyEdsr({ features: 16 }))).toMatchObject({
      peakActivationBytesPerPixel: 3 * 64,
      skipBytesPerPixel: 64,
    });
    // At the second convolution: its input of 4 bits, which lives while its output is written, the two skips, and its output.
    expect(cost(tinyQuantized('w4a4s8', { features: 16 }))).toMatchObject({
      peakActivationBytesPerPixel: 8 + 16 + 16 + 16,
      skipBytesPerPixel: 48,
    });
  });

  it('with a shuffling upsampler counts the tail at full size', () => {
    const { macsPerPixel, bitOpsPerPixel } = cost(tinyQuantized('w4a4s8', { upsampler: 'shuffle' }));
    expect(macsPerPixel).toBe(108 + 3 * 144 + 576 + 4 * 108);
    expect(bitOpsPerPixel).toBe(108 * 32 + (3 * 144 + 576 + 4 * 108) * 16 + 64);
  });

  it('a body-only plan saves nothing where the peak is, and nothing on skips', () => {
    const graph = tinyEdsr({ upsampler: 'shuffle', features: 16 });
    const [float, body] = [cost(graph), cost(quantizeGraph(graph, planFromPreset('body-w4a4')))];
    expect(body.peakActivationBytesPerPixel).toBe(float.peakActivationBytesPerPixel);
    expect(body.bodySkipBytesPerPixel).toBe(float.bodySkipBytesPerPixel);
    // Two convolutions of 16 to 16 in four bits by four; the rest is float as it was.
    expect(float.bitOpsPerPixel - body.bitOpsPerPixel).toBe(2 * 9 * 256 * (1024 - 16));
    expect(float.modelBytes - body.modelBytes).toBe(2 * 9 * 256 * 3.5 - 5 * (1 + 16));
  });

  it('says its formula', () => {
    expect(bitOpsFormula).toContain('MACs * weight bits * activation bits');
  });
});

/** Bytes of the constants of a model as its file packs them. */
function tensorBytes(model: IntegerModel): number {
  const weights = new Map(
    model.nodes.flatMap((node) => (node.op === 'conv2d' ? [[node.weight, node.weightBits]] : [])),
  );
  return Object.entries(model.tensors).reduce((sum, [name, values]) => {
    const bits = weights.get(name);
    return sum + (bits === undefined ? values.byteLength : packedBytes(values.length, bits as number));
  }, 0);
}

const plan = (name: string, spec: Partial<QuantPlan['roles']>) =>
  makePlan({ name, roles: { ...planFromPreset('w4a4s8').roles, ...spec }, overrides: [] });

const cases: readonly (readonly [string, Graph])[] = [
  ['direct', tinyQuantized('w8a8s8', { features: 6 })],
  [
    'shuffle x4, scaled residuals',
    tinyQuantized('w3a5s6', { scale: 4, upsampler: 'shuffle', residualScale: 0.1, blocks: 2 }),
  ],
  ['steps for each channel', tinyQuantized(perChannelPlan('w4a4s8'), { scale: 3, upsampler: 'shuffle' })],
  ['one step for all weights', tinyQuantized(plan('coarse', { weights: { bits: 5, signed: true, narrow: true } }))],
  [
    'weights that are not narrow',
    tinyQuantized(plan('wide', { weights: { bits: 2, signed: true, granularity: 'channel' } })),
  ],
];

describe.each(cases)('file and graph agree: %s', (_, graph) => {
  let model: IntegerModel;
  beforeAll(() => {
    model = parseModel(serializeModel(lower(graph, calibratedParams(graph, 2))));
  });

  it('on the bytes of the constants, exactly', () => {
    expect(cost(graph).modelBytes).toBe(tensorBytes(model));
    expect(serializeModel(model).length).toBeGreaterThan(cost(graph).modelBytes);
  });

  it('on every cost', () => {
    expect(cost(raise(model))).toEqual(cost(graph));
  });

  it('on the audit, row by row', () => {
    const [own, raised] = [auditGraph(graph), auditGraph(raise(model))];
    expect(own).toMatchObject({ fullyQuantized: true, floats: [] });
    expect(raised.rows).toEqual(own.rows);
    expect(raised.fullyQuantized).toBe(true);
  });
});

describe('a bilinear enlargement', () => {
  const float = tinyMsrresnet({ scale: 3 });
  const graph = quantizeGraph(float, planFromPreset('w4a4s8'));
  const model = parseModel(serializeModel(lower(graph, calibratedParams(graph, 2))));

  it('costs four products a value, and no parameters', () => {
    // Head, two of the block, upsampler, then two convolutions at nine times the pixels, and four products for each of 27 values.
    const convs = 108 + 2 * 144 + 9 * 4 * 36 + 9 * (144 + 108);
    expect(cost(float)).toMatchObject({
      parameters: 108 + 3 * 144 + 9 * 4 * 36 + 108 + 4 * 4 + 36 + 3,
      macsPerPixel: convs + 4 * 27,
    });
    expect(cost(float).modelBytes).toBe(4 * cost(float).parameters);
    // Weights over 9 take 5 bits, the image 8; of the adds one is at the size of the result.
    const rest = (convs - 108) * 16 + 108 * 32 + (4 + 27) * 8;
    expect(cost(graph).bitOpsPerPixel).toBe(rest + 4 * 27 * 5 * 8);
  });

  it('is found again in a file, with the same bytes and audit', () => {
    expect(cost(graph).modelBytes).toBe(tensorBytes(model));
    const raised = raise(model);
    expect(raised.nodes.find(({ name }) => name === 'base')).toEqual(float.nodes.find(({ name }) => name === 'base'));
    expect(auditGraph(raised).rows).toEqual(auditGraph(graph).rows);
    expect(auditGraph(graph).rows.filter(({ tensor }) => tensor.startsWith('base'))).toMatchObject([
      { tensor: 'base.weight', role: 'weights', grid: 'int5 constant', size: 9 * 3 * 27 },
      { tensor: 'base', role: 'accumulator', grid: 'int32', size: 27 },
    ]);
  });

  it('with other weights or biases is a convolution', () => {
    const bias = (model.tensors['base.bias'] as Int32Array).slice();
    bias[1] = 1;
    const biased = raise({ ...model, tensors: { ...model.tensors, 'base.bias': bias } });
    expect(biased.nodes.find(({ name }) => name === 'base')?.op).toBe('conv2d');
    const weight = (model.tensors['base.weight'] as Int8Array).slice();
    weight[0] = (weight[0] as number) + 1;
    const other = raise({ ...model, tensors: { ...model.tensors, 'base.weight': weight } });
    expect(other.nodes.find(({ name }) => name === 'base')?.op).toBe('conv2d');
  });
});

it('raise reads only what the file says: weights without the lowest level are narrow', () => {
  const model = lower(cases[0]?.[1] as Graph, calibratedParams(cases[0]?.[1] as Graph, 2));
  const weight = (model.tensors['head.weight'] as Int8Array).slice();
  weight[0] = -128;
  const head = raise({ ...model, tensors: { ...model.tensors, 'head.weight': weight } }).nodes.find(
    ({ name }) => name === 'head',
  );
  expect(head).toMatchObject({ weights: { bits: 8, narrow: false } });
});
