import { useBackend } from '@fqsr/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { stes } from '../ste/registry.js';
import type { Ste } from '../ste/types.js';
import { QuantAdd } from './add.js';
import { noiseSeed } from './noise-seed.js';

it('no two of 8000 neighbouring calls, tensors and seeds share a seed', () => {
  const seen = new Set<number>();
  for (let seed = 0; seed < 20; seed++) {
    for (let call = 0; call < 100; call++) {
      for (let index = 0; index < 4; index++) seen.add(noiseSeed(seed, call, index));
    }
  }
  expect(seen.size).toBe(8000);
});

const random = Object.values<Ste>(stes).filter(({ rounding }) => rounding === 'stochastic');

describe.runIf(random.length > 0)('estimators that round at random', () => {
  beforeAll(() => useBackend('wasm'));

  /** What a layer makes of 0.5 steps, in training calls and then in inference. */
  const run = (ste: string, seed: number) => {
    const layer = new QuantAdd({ quantization: { skips: { bits: 8, quantizer: 'fixed', ste }, seed } });
    layer.apply([tf.input({ shape: [64] }), tf.input({ shape: [64] })]);
    const inputs = [tf.fill([1, 64], 0.5), tf.fill([1, 64], 0.5)];
    const call = (training: boolean) => [...(layer.apply(inputs, { training }) as tf.Tensor).dataSync()];
    return {
      layer,
      calls: [call(true), call(true), call(false), call(false)] as [number[], number[], number[], number[]],
    };
  };

  it.each(random.map(({ name }) => name))(
    '%s: other noise in each call and tensor, the same from the same seed, none in inference',
    (ste) => {
      const { layer, calls } = run(ste, 3);
      const [first, second, ...inferred] = calls;
      expect(first).not.toEqual(second);
      expect(new Set(first)).toEqual(new Set([0, 1, 2]));
      for (const values of inferred) expect(new Set(values.map((value) => value + 0))).toEqual(new Set([0]));
      expect(run(ste, 3).calls).toEqual(calls);
      expect(run(ste, 4).calls[0]).not.toEqual(first);
      expect(layer.warmUp).toEqual({ calls: 0, of: 0 });
      expect(() => new QuantAdd({ quantization: { skips: { bits: 8, ste } } })).toThrow('.seed must be given');
    },
  );
});
