import { describe, expect, it } from 'vitest';
import { randomNumbers } from '../../test/devices.js';
import type { Layer } from './equalize.js';
import { randomRotation, transformInputs, transformOutputs } from './transform.js';

function layer(seed: number, taps: number, inChannels: number, outChannels: number): Layer {
  const random = randomNumbers(seed);
  const weights = Float32Array.from({ length: taps * inChannels * outChannels }, () => random() - 0.5);
  return { weights, bias: Float32Array.from({ length: outChannels }, () => random()), inChannels, outChannels };
}

/** The output of a dense layer. */
const dense = ({ weights, bias, outChannels }: Layer, x: readonly number[]): readonly number[] =>
  [...bias].map((b, o) => x.reduce((sum, value, i) => sum + value * (weights[i * outChannels + o] as number), b));

describe('randomRotation', () => {
  it.each([1, 2, 3, 12, 48, 64])('is orthogonal: %d channels', (channels) => {
    const { matrix } = randomRotation(channels, 7);
    for (let i = 0; i < channels; i++) {
      for (let j = 0; j <= i; j++) {
        let product = 0;
        for (let k = 0; k < channels; k++) {
          product += (matrix[i * channels + k] as number) * (matrix[j * channels + k] as number);
        }
        expect(product).toBeCloseTo(i === j ? 1 : 0, 12);
      }
    }
  });

  it('mixes all channels alike where they are a power of two, by signs of its seed', () => {
    const [one, other] = [randomRotation(16, 1).matrix, randomRotation(16, 2).matrix];
    for (const entry of one) expect(Math.abs(entry)).toBeCloseTo(0.25, 12);
    expect(one).toEqual(randomRotation(16, 1).matrix);
    expect(one).not.toEqual(other);
  });

  it('refuses what is no number of channels', () => {
    expect(() => randomRotation(0, 1)).toThrow('channels must be a whole number from 1, got 0');
  });
});

describe('transformed layers', () => {
  it('are the same function together', () => {
    const [first, second, rotation] = [layer(1, 1, 3, 12), layer(2, 1, 12, 5), randomRotation(12, 3)];
    const x = [0.3, -1, 2];
    const before = dense(second, dense(first, x));
    const middle = dense(transformOutputs(first, rotation), x);
    const after = dense(transformInputs(second, rotation), middle);
    for (const [i, value] of before.entries()) expect(after[i]).toBeCloseTo(value, 5);
    expect(Math.hypot(...middle)).toBeCloseTo(Math.hypot(...dense(first, x)), 5);
  });

  it("have each subpixel's channels transformed in front of a pixel shuffle", () => {
    const [first, rotation] = [layer(4, 1, 2, 8), randomRotation(4, 5)];
    const x = [1, -2];
    const [plain, rotated] = [dense(first, x), dense(transformOutputs(first, rotation), x)];
    for (const from of [0, 4]) {
      for (let row = 0; row < 4; row++) {
        const sum = [0, 1, 2, 3].reduce(
          (all, k) => all + (rotation.matrix[row * 4 + k] as number) * (plain[from + k] as number),
          0,
        );
        expect(rotated[from + row]).toBeCloseTo(sum, 6);
      }
    }
  });

  it('are refused where the channels do not fit', () => {
    expect(() => transformOutputs(layer(1, 1, 2, 6), randomRotation(4, 1))).toThrow(
      "multiple of the transform's 4, got 6",
    );
    expect(() => transformInputs(layer(1, 1, 6, 2), randomRotation(4, 1))).toThrow(
      "multiple of the transform's 4, got 6",
    );
  });
});
