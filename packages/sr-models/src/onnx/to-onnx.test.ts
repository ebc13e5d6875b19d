import { useBackend } from '@fqsr/backends';
import { planFromPreset } from '@fqsr/quant-core/spec';
import { type IntegerModel, runModel } from '@fqsr/runtime';
import { describe, expect, it } from 'vitest';
import {
  calibratedParams,
  midrisePlan,
  perChannelPlan,
  randomImage,
  tinyMsrresnet,
  tinyQuantized,
  tinySrresnet,
} from '../../test/networks.js';
import { runOnnx } from '../../test/onnx.js';
import { lower } from '../passes/lower.js';
import { quantizeGraph } from '../passes/quantize.js';
import { agrees } from '../passes/verify.js';
import { onnxOutput, toOnnx } from './to-onnx.js';
import { verifyOnnx } from './verify-onnx.js';

await useBackend('wasm');

const image = randomImage(3, 17, 13);
const verified = (model: IntegerModel) => verifyOnnx(model, image, (tap) => runModel(model, image, { tap }), runOnnx);
const apart = (layers: Awaited<ReturnType<typeof verified>>) => layers.filter(({ different }) => different > 0);

const plans = [
  'w8a8s8',
  'w4a4s8',
  'w2a2s8',
  'w3a5s6',
  perChannelPlan('w8a8s8'),
  midrisePlan('w4a4s8'),
  midrisePlan('w2a1s4'),
].map((plan) => (typeof plan === 'string' ? planFromPreset(plan) : plan));

const cases = plans.flatMap((plan, p) => {
  const scale = 2 + (p % 3);
  const small = { scale, blocks: 2, features: 5 };
  return [
    {
      title: `EDSR ${plan.name} x${scale}`,
      graph: tinyQuantized(plan, { ...small, upsampler: p % 2 ? 'direct' : 'shuffle' }),
    },
    { title: `SRResNet ${plan.name} x${scale}`, graph: quantizeGraph(tinySrresnet(small), plan) },
    { title: `MSRResNet ${plan.name} x${scale}`, graph: quantizeGraph(tinyMsrresnet(small), plan) },
    { title: `SRGAN ${plan.name} x${scale}`, graph: quantizeGraph(tinySrresnet({ ...small, output: 'tanh' }), plan) },
  ];
});

describe.each(cases)('$title', ({ graph }) => {
  it('gives the levels of the runtime in ONNX Runtime, tensor by tensor', async () => {
    const model = lower(graph, calibratedParams(graph, graph.scale));
    const layers = await verified(model);
    const stored = model.nodes.filter(({ op }) => op === 'requantize' || op === 'pixelShuffle');
    expect(layers.map(({ tensor }) => tensor)).toEqual([...stored.map(({ name }) => name), 'output']);
    // The contract allows one level on 0.1 % of the image; exact rounding leaves nothing.
    expect(apart(layers)).toEqual([]);
  });
});

describe('toOnnx', () => {
  const graph = tinyQuantized('w4a4s8', { features: 6 });
  const model = lower(graph, calibratedParams(graph, 1), { provenance: 'test' });
  const named = ({ bytes }: { readonly bytes: Uint8Array }) => Buffer.from(bytes).toString('latin1');

  it('gives the same bytes every time, which name their model', () => {
    const { bytes, shown } = toOnnx(model);
    expect(Buffer.compare(bytes, toOnnx(model).bytes)).toBe(0);
    expect(shown).toEqual([]);
    for (const text of [model.name, 'fqsr.scale', 'provenance', 'height * 2', onnxOutput])
      expect(named({ bytes })).toContain(text);
  });

  it('stores weights of four bits as int4', () => {
    const wide = lower(
      tinyQuantized('w8a8s8', { features: 6 }),
      calibratedParams(tinyQuantized('w8a8s8', { features: 6 }), 1),
    );
    const weights = 6 * 3 * 9 + 3 * 6 * 6 * 9 + 12 * 6 * 9;
    expect(toOnnx(wide).bytes.length - toOnnx(model).bytes.length).toBeGreaterThan(weights / 2 - 1000);
    expect(named(toOnnx(wide))).not.toContain('int8/Cast');
    expect(named(toOnnx(model))).toContain('int8/Cast');
  });

  it('fuses every convolution on request, and by itself those that float32 can do exactly', async () => {
    const eight = tinyQuantized('w8a8s8', { features: 6 });
    const wide = lower(eight, calibratedParams(eight, 1));
    expect(named(toOnnx(wide))).toContain('ConvInteger');
    expect(named(toOnnx(wide, { rounding: 'fused' }))).not.toContain('ConvInteger');
    const layers = await verifyOnnx(wide, image, (tap) => runModel(wide, image, { tap }), runOnnx, {
      rounding: 'fused',
    });
    expect(agrees(layers)).toBe(true);
    const two = tinyQuantized('w2a2s2', { features: 6 });
    expect(toOnnx(lower(two, calibratedParams(two, 1))).bytes.length).toBeGreaterThan(1000);
    expect(named(toOnnx(lower(two, calibratedParams(two, 1)))).split('ConvInteger').length - 1).toBeLessThan(2);
  });

  it('takes images of any size, down to one pixel', async () => {
    for (const [width, height] of [
      [1, 1],
      [2, 31],
    ] as const) {
      const other = randomImage(5, width, height);
      const layers = await verifyOnnx(model, other, (tap) => runModel(model, other, { tap }), runOnnx);
      expect(apart(layers)).toEqual([]);
    }
  });

  it('keeps the sign of every slope, and all of weights at -128', async () => {
    const plan = planFromPreset('w8a8s8');
    const net = quantizeGraph(tinySrresnet({ features: 6 }), plan);
    const params = calibratedParams(net, 7);
    for (const slope of [-0.3, 0, 0.4]) {
      const own = new Map(
        [...params].map(([key, values]) => [key, key.endsWith('.slope') ? values.map(() => slope) : values]),
      );
      expect(apart(await verified(lower(net, own)))).toEqual([]);
    }
    const lowered = lower(
      net,
      new Map(
        [...params].map(([key, values]) => [
          key,
          key.endsWith('.slope') ? values.map((_, i) => (i % 2 ? 0.2 : -0.2)) : values,
        ]),
      ),
    );
    const weight = (lowered.tensors['body.0.conv1.weight'] as Int8Array).slice();
    weight[3] = -128;
    expect(
      apart(await verified({ ...lowered, tensors: { ...lowered.tensors, 'body.0.conv1.weight': weight } })),
    ).toEqual([]);
  });

  it('adds exactly where every other sum is a tie', async () => {
    const behind = model.nodes.find((node) => node.op === 'requantize' && node.input === 'body.add');
    if (behind?.op !== 'requantize') throw new Error('no requantization behind the skip');
    const half = { [behind.multiplier]: Int32Array.of(2 ** 30), [behind.shift]: Uint8Array.of(31) };
    expect(apart(await verified({ ...model, tensors: { ...model.tensors, ...half } }))).toEqual([]);
  });

  it('refuses by name what fits no 8-bit type', () => {
    const odd = tinyQuantized(midrisePlan('w8a8s8'));
    expect(() => toOnnx(lower(odd, calibratedParams(odd, 1)))).toThrow(
      '[sr-models] toOnnx: head.weight must fit int8, got 8-bit mid-rise weights up to 255',
    );
  });
});

describe('verifyOnnx', () => {
  it('sees a model that is not the file it ran, and a run that shows too little', async () => {
    const graph = tinyQuantized('w8a8s8');
    const model = lower(graph, calibratedParams(graph, 1));
    const bias = (model.tensors['body.conv.bias'] as Int32Array).map((value) => value + 5000);
    const other = { ...model, tensors: { ...model.tensors, 'body.conv.bias': bias } };
    const layers = await verifyOnnx(model, image, (tap) => runModel(other, image, { tap }), runOnnx);
    expect(apart(layers).map(({ tensor }) => tensor)).toContain('output');
    expect(apart(layers).map(({ tensor }) => tensor)).not.toContain('body.conv.in');
    await expect(
      verifyOnnx(
        model,
        image,
        (tap) => runModel(model, image, { tap }),
        async () => ({}),
      ),
    ).rejects.toThrow(/must have \d+ samples, got nothing/);
    await expect(verifyOnnx(model, image, () => runModel(model, image), runOnnx)).rejects.toThrow('integers must show');
  });
});
