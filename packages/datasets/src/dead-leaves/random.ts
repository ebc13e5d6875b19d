/**
 * A seeded sequence with the few distributions that a scene needs. Only exact operations (`+ - * / sqrt`), so that every platform draws the same.
 */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Draws of a seeded sequence. */
export interface Random {
  /** Uniform in `[0, 1)`. */
  unit(): number;
  /** Uniform in `[low, high)`. */
  range(low: number, high: number): number;
  /** Uniform among the integers `0 .. count - 1`. */
  integer(count: number): number;
  /** True with a probability. */
  chance(probability: number): boolean;
  /** Mean 0, standard deviation 1, bell-shaped, within +-3: the sum of three uniforms. */
  bell(): number;
  /** A uniformly distributed unit vector. */
  direction(): readonly [number, number];
}

/** @param seed an unsigned 32-bit integer */
export function createRandom(seed: number): Random {
  const generator = xoroshiro128plus(seed | 0);
  const unit = () => (generator.next() >>> 0) / 2 ** 32;
  const range = (low: number, high: number) => low + (high - low) * unit();
  const direction = (): readonly [number, number] => {
    for (;;) {
      const x = range(-1, 1);
      const y = range(-1, 1);
      const square = x * x + y * y;
      if (square > 0.01 && square <= 1) return [x / Math.sqrt(square), y / Math.sqrt(square)];
    }
  };
  return {
    unit,
    range,
    integer: (count) => Math.floor(count * unit()),
    chance: (probability) => unit() < probability,
    bell: () => 2 * (unit() + unit() + unit()) - 3,
    direction,
  };
}
