import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomNumbers } from '../../test/devices.js';
import {
  equalizationScales,
  equalizeChain,
  incomingRanges,
  type Layer,
  outgoingRanges,
  rescalePair,
} from './equalize.js';

/** A dense or convolutional layer whose channels have very different ranges. */
function layer(seed: number, taps: number, inChannels: number, outChannels: number): Layer {
  const random = randomNumbers(seed);
  const [out, into] = [outChannels, inChannels].map((n) => Array.from({ length: n }, () => 10 ** random()));
  const weights = Float32Array.from({ length: taps * inChannels * outChannels }, (_, at) => {
    const [o, i] = [at % outChannels, Math.floor(at / outChannels) % inChannels];
    return random() * (out?.[o] as number) * (into?.[i] as number);
  });
  return { weights, bias: Float32Array.from({ length: outChannels }, () => random()), inChannels, outChannels };
}

/** The output of dense layers with PReLU between them. */
function run(layers: readonly Layer[], x: readonly number[], slopes: readonly number[]): readonly number[] {
  return layers.reduce<readonly number[]>((values, { weights, bias, outChannels }, depth) => {
    const sums = [...bias].map((b, o) =>
      values.reduce((sum, value, i) => sum + value * (weights[i * outChannels + o] as number), b),
    );
    return depth === layers.length - 1 ? sums : sums.map((sum, o) => (sum > 0 ? sum : sum * (slopes[o] as number)));
  }, x);
}

describe('equalization', () => {
  it('balances each channel: both ranges become their geometric mean', () => {
    const [first, second] = [layer(1, 9, 3, 5), layer(2, 9, 5, 4)];
    const [r1, r2] = [outgoingRanges(first), incomingRanges(second)];
    const [a, b] = rescalePair(first, second, equalizationScales(r1, r2));
    for (let i = 0; i < 5; i++) {
      const middle = Math.sqrt((r1[i] as number) * (r2[i] as number));
      expect((outgoingRanges(a)[i] as number) / middle).toBeCloseTo(1, 5);
      expect((incomingRanges(b)[i] as number) / middle).toBeCloseTo(1, 5);
    }
  });

  it('is by hand: s = sqrt(8 / 2) = 2', () => {
    const first: Layer = { weights: Float32Array.of(8, 1), bias: Float32Array.of(6, 3), inChannels: 1, outChannels: 2 };
    const second: Layer = { weights: Float32Array.of(2, 1), bias: Float32Array.of(7), inChannels: 2, outChannels: 1 };
    const scales = equalizationScales(outgoingRanges(first), incomingRanges(second));
    expect([...scales]).toEqual([2, 1]);
    const [a, b] = rescalePair(first, second, scales);
    expect([[...a.weights], [...a.bias]]).toEqual([
      [4, 1],
      [3, 3],
    ]);
    expect([[...b.weights], [...b.bias]]).toEqual([[4, 1], [7]]);
  });

  it('leaves the function of a chain with PReLU as it is, whatever the slopes', () => {
    const slope = fc.double({ min: -0.5, max: 1, noNaN: true });
    const value = fc.double({ min: -3, max: 3, noNaN: true });
    const chain = [layer(3, 1, 3, 4), layer(4, 1, 4, 4), layer(5, 1, 4, 2)];
    const { layers, rounds } = equalizeChain(chain);
    expect(rounds).toBeGreaterThan(1);
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 3, maxLength: 3 }),
        fc.array(slope, { minLength: 4, maxLength: 4 }),
        (x, slopes) => {
          const [before, after] = [run(chain, x, slopes), run(layers, x, slopes)];
          const size = Math.max(1, ...before.map(Math.abs));
          for (const [o, y] of before.entries()) expect(Math.abs((after[o] as number) - y) / size).toBeLessThan(1e-4);
        },
      ),
    );
  });

  it('ends where every pair of a chain is balanced', () => {
    const { layers } = equalizeChain([layer(6, 9, 3, 6), layer(7, 9, 6, 6), layer(8, 1, 6, 4)]);
    for (const i of [0, 1]) {
      const [r1, r2] = [outgoingRanges(layers[i] as Layer), incomingRanges(layers[i + 1] as Layer)];
      for (const [channel, range] of r1.entries()) expect(range / (r2[channel] as number)).toBeCloseTo(1, 2);
    }
  });

  it('keeps dead channels, and refuses layers that do not follow each other', () => {
    expect([...equalizationScales(Float32Array.of(0, 2, 8), Float32Array.of(3, 0, 2))]).toEqual([1, 1, 2]);
    expect(() => equalizeChain([layer(1, 1, 2, 3), layer(1, 1, 4, 2)])).toThrow('ranges must be of the same channels');
  });
});
