/**
 * Rounds to the nearest integer, ties to the even one (IEEE 754 roundTiesToEven), as `tf.round` does and `Math.round` does not.
 *
 * Exact for every finite double; NaN and infinities come back unchanged.
 *
 * @example
 * roundHalfEven(0.5);  // 0
 * roundHalfEven(1.5);  // 2
 * roundHalfEven(-2.5); // -2
 */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const fraction = x - floor;
  if (fraction < 0.5) return floor;
  if (fraction > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Limits `x` to `[low, high]`; NaN stays NaN. */
export function clamp(x: number, low: number, high: number): number {
  return x < low ? low : x > high ? high : x;
}
