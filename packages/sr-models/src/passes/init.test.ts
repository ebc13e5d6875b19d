import { useBackend } from '@fqsr/backends';
import { beforeAll, describe, expect, it } from 'vitest';
import { tinyEdsr, tinyQuantized, tinySrresnet } from '../../test/networks.js';
import { checkParams } from '../params.js';
import { initParams } from './init.js';

beforeAll(() => useBackend('wasm'));

describe('initParams', () => {
  const graph = tinyEdsr({ features: 8, blocks: 2 });

  it('gives the same bits for the same seed, on every backend', async () => {
    const first = initParams(graph, 5);
    expect(initParams(graph, 5)).toEqual(first);
    await useBackend('cpu');
    expect(initParams(graph, 5)).toEqual(first);
    await useBackend('wasm');
  });

  it('gives other weights for another seed and another layer', () => {
    const [first, second] = [initParams(graph, 5), initParams(graph, 6)];
    for (const [name, values] of first) if (name.endsWith('.weight')) expect(second.get(name)).not.toEqual(values);
    expect(first.get('body.0.conv1.weight')).not.toEqual(first.get('body.1.conv1.weight'));
  });

  it('keeps to the bounds of its formula', () => {
    const params = initParams(graph, 1);
    const largest = (name: string) => Math.max(...(params.get(`${name}.weight`) as Float32Array).map(Math.abs));
    const bounds = {
      head: Math.sqrt(3 / 27),
      'body.0.conv1': Math.sqrt(6 / 72),
      'body.0.conv2': 0.1 * Math.sqrt(3 / 72),
      'body.conv': Math.sqrt(3 / 72),
      tail: Math.sqrt(3 / 72),
    };
    for (const [name, bound] of Object.entries(bounds)) {
      expect(largest(name)).toBeLessThanOrEqual(bound * 1.000001);
      expect(largest(name)).toBeGreaterThan(bound * 0.9);
    }
  });

  it('starts a tanh where dark input gives a dark image, short of saturation', () => {
    const params = initParams(tinySrresnet({ output: 'tanh' }), 1);
    const bias = [...(params.get('tail.bias') as Float32Array)];
    for (const value of bias) expect(Math.tanh(value)).toBeCloseTo(-0.9, 6);
  });

  it('starts biases at 0, the last at the image mean, and quantizers at 0', () => {
    const quantized = tinyQuantized();
    const params = initParams(quantized, 1);
    checkParams(quantized, params);
    expect([...(params.get('head.bias') as Float32Array)]).toEqual([0, 0, 0, 0]);
    expect([...(params.get('tail.bias') as Float32Array)]).toEqual([1, 2, 3, 4].flatMap(() => [114, 111, 103]));
    expect([...(params.get('body.add.skip.logStep') as Float32Array)]).toEqual([0]);
    expect(params.get('tail.weight')?.length).toBe(432);
    expect(params.get('tail.weight.logStep')?.length).toBe(12);
  });
});
