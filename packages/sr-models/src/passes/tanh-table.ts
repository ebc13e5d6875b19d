/**
 * The tanh of the last layer in integers: the accumulator, rescaled to an index of fixed resolution, looks its level up. The index is finer than any stored
 * grid and is never stored: 512 to the unit, over [-4, 4), beyond which the image is saturated.
 */
import type { TanhNode } from '../graph.js';

/** The index of a value: `clamp(round(x * perUnit), low, high)`. */
export const tanhIndex = { perUnit: 512, low: -2048, high: 2047 } as const;

/** The level of every index, from `low` to `high`: `clamp(floor(gain * tanh(index / perUnit) + offset + 1/2), 0, 255)`. */
export function tanhTable({ gain, offset }: Pick<TanhNode, 'gain' | 'offset'>): Uint8Array {
  const { perUnit, low, high } = tanhIndex;
  return Uint8Array.from({ length: high - low + 1 }, (_, i) => {
    const level = Math.floor(gain * Math.tanh((low + i) / perUnit) + offset + 0.5);
    return Math.min(255, Math.max(0, level));
  });
}

/** What takes accumulators to indices, in float32, from their steps. */
export function tanhRatios(steps: Float32Array): Float32Array {
  return steps.map((step) => step * tanhIndex.perUnit);
}
