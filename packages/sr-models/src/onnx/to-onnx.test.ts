import { useBackend } from '@fqsr/backends';
import { planFromPreset } from '@fqsr/quant-core/spec';
import { describe, expect, it } from 'vitest';
import {
  calibratedParams,
  midrisePlan,
  perChannelPlan,
  randomImage,
  tinyQuantized,
  tinySrresnet,
} from '../../test/networks.js';
import { agreement } from '../../test/onnx.js';
import { lower } from '../passes/lower.js';
import { quantizeGraph } from '../passes/quantize.js';
import { toOnnx } from './to-onnx.js';

await useBackend('wasm');

const image = randomImage(3, 17, 13);
const plans = ['w8a8s8', 'w4a4s8', 'w2a2s8', 'w3a5s6', perChannelPlan('w8a8s8'), midrisePlan('w4a4s8'), midrisePlan('w2a1s4')];
const cases = plans.flatMap((plan, p) => {
  const full = typeof plan === 'string' ? planFromPreset(plan) : plan;
  const scale = 2 + (p % 3);
  return [
    { title: `EDSR ${full.name} x${scale}`, graph: tinyQuantized(full, { scale, blocks: 2, features: 5, upsampler: p % 2 ? 'direct' : 'shuffle' }) },
    { title: `SRResNet ${full.name} x${scale}`, graph: quantizeGraph(tinySrresnet({ scale, blocks: 2, features: 5 }), full) },
    { title: `SRGAN ${full.name} x${scale}`, graph: quantizeGraph(tinySrresnet({ scale, output: 'tanh', features: 5 }), full) },
  ];
});

describe.each(cases)('$title', ({ graph }) => {
  const model = lower(graph, calibratedParams(graph, graph.scale));
  it('gives the levels of the runtime in ONNX Runtime, tensor by tensor', async () => {
    const layers = await agreement(model, image);
    expect(layers.length).toBe(model.nodes.filter(({ op }) => op === 'requantize' || op === 'pixelShuffle').length + 1);
    expect(layers.filter(({ different }) => different > 0)).toEqual([]);
  });

  it('is the same file every time', () => {
    expect(toOnnx(model).bytes).toEqual(toOnnx(model).bytes);
  });
});
