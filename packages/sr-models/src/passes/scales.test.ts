import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { randomImage, tinyEdsr, tinyMsrresnet, tinySrresnet } from '../../test/networks.js';
import type { Graph } from '../graph.js';
import { type Params, toTensors } from '../params.js';
import { forward } from './forward.js';
import { initParams } from './init.js';
import { normalizeScales } from './scales.js';

beforeAll(async () => void (await useBackend('wasm')));

/** A network trained on images in 0..1, as it comes with the treatment of pixels folded in: the first weights tiny, the last huge. */
function imported(graph: Graph, last: string): Params {
  return new Map(
    [...initParams(graph, 3)].map(([name, values]) => {
      if (name === 'head.weight') return [name, values.map((value) => value / 255)];
      if (name === `${last}.weight`) return [name, values.map((value) => value * 255)];
      return [
        name,
        name.endsWith('.bias') && !name.startsWith(last) ? values.map((_, i) => ((i % 5) - 2) / 99) : values,
      ];
    }),
  );
}

const rms = (values: Float32Array) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);

function output(graph: Graph, params: Params): Float32Array {
  const { width, height, data } = randomImage(7, 12, 10);
  return tf.tidy(() => {
    const image = tf.tensor4d(Float32Array.from(data), [1, height, width, 3]);
    return forward(graph, image, { params: toTensors(graph, params), mode: 'float' }).dataSync() as Float32Array;
  });
}

it.each([
  ['EDSR', tinyEdsr({ upsampler: 'shuffle', scale: 4, blocks: 2, features: 8 }), 'tail'],
  ['SRResNet without batch normalisation', tinySrresnet({ blocks: 2, features: 8 }), 'tail'],
])('%s: weights as large as at the start of a training, every output bit as before', (_, graph, last) => {
  const before = imported(graph, last);
  const after = normalizeScales(graph, before);
  const start = initParams(graph, 3);
  for (const [name, values] of after) {
    if (!name.endsWith('.weight')) continue;
    const ratio = rms(values) / rms(start.get(name) as Float32Array);
    // Branches start at a tenth, which is not the size that is aimed at.
    expect(Math.abs(Math.log2(ratio)), name).toBeLessThan(2.5);
    const exponent = Math.log2(rms(values) / rms(before.get(name) as Float32Array));
    expect(exponent, name).toBeCloseTo(Math.round(exponent), 4);
  }
  expect(rms(after.get('head.bias') as Float32Array)).toBeGreaterThan(
    50 * rms(before.get('head.bias') as Float32Array),
  );
  expect(output(graph, after)).toEqual(output(graph, before));
});

it('leaves alone what batch normalisation, a tanh or an enlargement of the image sets the scale of', () => {
  const normed = tinySrresnet({ batchNorm: true });
  const own = imported(normed, 'tail');
  const after = normalizeScales(normed, own);
  expect(after.get('body.0.conv1.weight')).toEqual(own.get('body.0.conv1.weight'));
  expect(output(normed, after)).toEqual(output(normed, own));
  for (const graph of [tinySrresnet({ output: 'tanh' }), tinyMsrresnet()]) {
    const params = initParams(graph, 3);
    expect(output(graph, normalizeScales(graph, params))).toEqual(output(graph, params));
  }
});
