import { deriveMultiplier, scaleAccumulator } from '@fqsr/quant-core/spec';
import { describe, expect, it } from 'vitest';
import { randomNumbers } from '../../test/networks.js';
import { floatFactor } from './float-factor.js';

/** Sums whose level the float32 factor gets wrong, of all whose product lies in the range. */
function wrongSums(exact: { multiplier: number; shift: number }, factor: number, low: number, high: number): number {
  const clamp = (value: number) => Math.min(high, Math.max(low, value));
  const even = (value: number) => {
    const floor = Math.floor(value);
    const rest = value - floor;
    if (rest !== 0.5) return Math.round(value);
    return floor % 2 === 0 ? floor : floor + 1;
  };
  let wrong = 0;
  for (let sum = Math.floor((low - 2) / factor); sum <= (high + 2) / factor; sum++) {
    const got = even(Math.fround(sum * factor));
    if (clamp(got) !== clamp(scaleAccumulator(sum, exact))) wrong++;
  }
  return wrong;
}

describe('floatFactor', () => {
  it('counts exactly what differs over all sums, and takes the best neighbour', () => {
    const random = randomNumbers(1);
    let clean = 0;
    for (let i = 0; i < 60; i++) {
      const exact = deriveMultiplier(Math.fround(0.0008 + random() * 0.004));
      const [low, high] = i % 2 ? [-128, 127] : [0, 255];
      const { factor, misplaced } = floatFactor(exact, low, high);
      expect(wrongSums(exact, factor, low, high)).toBe(misplaced);
      const plain = wrongSums(exact, Math.fround(exact.multiplier * 2 ** -exact.shift), low, high);
      expect(misplaced).toBeLessThanOrEqual(plain);
      if (misplaced === 0) clean++;
    }
    expect(clean).toBeGreaterThan(0);
    expect(clean).toBeLessThan(60);
  });

  it('finds a factor without fault for few levels', () => {
    const random = randomNumbers(2);
    for (let i = 0; i < 200; i++) {
      const exact = deriveMultiplier(Math.fround(0.0005 + random() * 0.01));
      expect(floatFactor(exact, 0, 3).misplaced).toBe(0);
    }
  });

  it('knows ties: a factor above 1/2 takes 1/2 up, one below takes -3/2 up, and none does both', () => {
    const half = { multiplier: 2 ** 30, shift: 31 };
    expect(floatFactor(half, 0, 1)).toEqual({ factor: 0.5 + 2 ** -24, misplaced: 0 });
    expect(floatFactor(half, -4, 0)).toEqual({ factor: 0.5 - 2 ** -25, misplaced: 0 });
    expect(floatFactor(half, -4, 4).misplaced).toBeGreaterThan(0);
  });
});
