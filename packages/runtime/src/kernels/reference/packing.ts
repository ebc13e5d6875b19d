/**
 * Several int32 accumulators in one double.
 *
 * A double holds every integer of magnitude up to 2^53 exactly. Let `|t| <= L < 2^(s-1)` bound an accumulator and all its partial sums, and let
 * `B = 2^s`. The sum `T = t_0 + t_1 B + ... + t_(P-1) B^(P-1)` then has `|T| <= (2^(s-1) - 1) (B^P - 1) / (B - 1) < 2^(sP-1)`, so with `s P <= 53` it is
 * exact, and so are all its partial sums. With weights packed the same way, `x * (w_0 + w_1 B + ...)` is one double product that makes P integer
 * products at once; it is itself such a sum.
 *
 * To take `T` apart: `r = floor((T + B/2) / B)` is exact (`|T| + B/2 < 2^53`, B a power of two), and since `|t_0| < B/2`, `t_0 = T - r B` and `r` is the
 * sum of the others in the same form.
 */

/** How accumulators are packed. */
export interface Packing {
  /** Accumulators in a double. */
  readonly lanes: number;
  /** The base `B`, a power of two. */
  readonly base: number;
}

/**
 * The densest packing for accumulators of magnitude at most `bound`.
 *
 * @param bound integer in `[0, 2^31)`
 * @param channels accumulators that there are; more lanes would stay empty
 *
 * @example
 * choosePacking(9 * 64 * 255 * 127, 64); // { lanes: 2, base: 2^26 }
 */
export function choosePacking(bound: number, channels: number): Packing {
  let bits = 1;
  while (2 ** (bits - 1) <= bound) bits++;
  return { lanes: Math.min(channels, Math.floor(53 / bits)), base: 2 ** bits };
}
