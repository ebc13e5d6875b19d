import type { Random } from '../dead-leaves/random.js';

/** A standard normal deviate (Box and Muller, 1958): `sqrt(-2 ln u) cos(2 pi v)`. */
export function normal(random: Random): number {
  const u = 1 - random.unit();
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * random.unit());
}
