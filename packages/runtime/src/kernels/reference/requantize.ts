/**
 * `requantize`: `q = clamp(((acc * m + 2^(n-1)) >> n) + z, qmin, qmax)`, in doubles, all of which are exact.
 *
 * It is `scaleAccumulator` of quant-core with its constants computed once: with `m = h * 2^16 + l`,
 * `q = floor((acc * h + floor(acc * l / 2^16) + 2^(n-17)) / 2^(n-16))`. Divisions by powers of two are exact as multiplications. It holds for negative
 * multipliers too. On mid-rise grids `n` is one more and nothing is added.
 */
import type { FactorKeys } from '../../model.js';
import type { KernelTable, Preparation } from '../kernel.js';

/** The constants of a factor, one for each channel. */
interface Factors {
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly half: Float64Array;
  readonly inverse: Float64Array;
}

function factorsOf(keys: FactorKeys, spacing: 1 | 2, { info, tensor }: Preparation): Factors {
  const { channels } = info;
  const multiplier = tensor(keys.multiplier);
  const shift = tensor(keys.shift);
  const factors = {
    high: new Float64Array(channels),
    low: new Float64Array(channels),
    half: new Float64Array(channels),
    inverse: new Float64Array(channels),
  };
  for (let c = 0; c < channels; c++) {
    const m = multiplier[multiplier.length === 1 ? 0 : c] as number;
    const n = (shift[shift.length === 1 ? 0 : c] as number) + spacing - 1;
    const high = Math.floor(m / 65536);
    factors.high[c] = high;
    factors.low[c] = m / 65536 - high;
    factors.half[c] = spacing === 2 ? 0 : 2 ** (n - 17);
    factors.inverse[c] = 2 ** (16 - n);
  }
  return factors;
}

function scale(acc: number, { high, low, half, inverse }: Factors, c: number): number {
  const head = acc * (high[c] as number) + Math.floor(acc * (low[c] as number));
  return Math.floor((head + (half[c] as number)) * (inverse[c] as number));
}

export const requantize: KernelTable['requantize'] = (node, preparation) => {
  const { channels } = preparation.info;
  const { spacing = 1 } = node.grid;
  const above = factorsOf(node, spacing, preparation);
  const below = node.negative ? factorsOf(node.negative, spacing, preparation) : above;
  const { qmin, qmax } = node;
  const zero = node.grid.zeroPoint;
  const table = node.table ? preparation.tensor(node.table.levels) : null;
  const low = node.table?.low ?? 0;
  const last = (table?.length ?? 1) - 1;
  return {
    run(acc, pixels, to, at) {
      const count = pixels * channels;
      for (let i = 0, c = 0; i < count; i++) {
        const a = acc[i] as number;
        let q = scale(a, a < 0 ? below : above, c) + zero;
        if (table) q = table[Math.min(last, Math.max(0, q - low))] as number;
        // A byte keeps the low 8 bits, which is two's complement.
        to[at + i] = q < qmin ? qmin : q > qmax ? qmax : q;
        if (++c === channels) c = 0;
      }
    },
  };
};
