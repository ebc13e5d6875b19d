import { planFromPreset } from '@fqsr/quant-core/spec';
import { expect, it } from 'vitest';
import { tinyEdsr, tinySrresnet } from '../../test/networks.js';
import { flatLayout, unflatten } from '../flat.js';
import { quantizeGraph } from '../passes/quantize.js';
import { decayMask, relativeRates } from './rates.js';

const of = (graph: ReturnType<typeof tinyEdsr>, quantizerRate: number, biasRate = 1) => {
  const layout = flatLayout(graph);
  const rates = relativeRates(graph, layout, { quantizerRate, biasRate });
  return rates && new Map([...unflatten(layout, rates)].map(([name, values]) => [name, [...new Set(values)]]));
};

it('are all 1 unless something asks for another', () => {
  expect(of(tinyEdsr(), 0.5)).toBeNull();
  expect(of(quantizeGraph(tinyEdsr(), planFromPreset('w4a4s8')), 1)).toBeNull();
});

it('are the quantizer rate for quantizers, and 1 / gain for the weights in front of a tanh', () => {
  const quantized = of(quantizeGraph(tinySrresnet({ output: 'tanh' }), planFromPreset('w4a4s8')), 0.5);
  expect(quantized?.get('tail.weight')).toEqual([Math.fround(1 / 127.5)]);
  expect(quantized?.get('tail.bias')).toEqual([1]);
  expect(quantized?.get('head.weight')).toEqual([1]);
  for (const [name, values] of quantized ?? []) if (name.endsWith('.logStep')) expect(values).toEqual([0.5]);
});

it('are the bias rate for biases, but not for the one in front of a tanh, which is no grey level', () => {
  const rates = of(tinySrresnet({ output: 'tanh' }), 1, 255);
  expect(rates?.get('head.bias')).toEqual([255]);
  expect(rates?.get('tail.bias')).toEqual([1]);
  expect(rates?.get('head.weight')).toEqual([1]);
});

it('decay is for convolution weights alone', () => {
  const layout = flatLayout(quantizeGraph(tinySrresnet(), planFromPreset('w4a4s8')));
  for (const [name, values] of unflatten(layout, decayMask(layout))) {
    expect([...new Set(values)]).toEqual([name.endsWith('.weight') ? 1 : 0]);
  }
});
