/**
 * `requantize`: `q = clamp(((acc * m + 2^(n-1)) >> n) + z, qmin, qmax)`, in doubles, all of which are exact.
 *
 * It is `scaleAccumulator` of quant-core with its constants computed once: with `m = h * 2^16 + l`,
 * `q = floor((acc * h + floor(acc * l / 2^16) + 2^(n-17)) / 2^(n-16))`. Divisions by powers of two are exact as multiplications.
 */
import type { KernelTable } from '../kernel.js';

export const requantize: KernelTable['requantize'] = (node, { info, tensor }) => {
  const { channels } = info;
  const multiplier = tensor(node.multiplier);
  const shift = tensor(node.shift);
  const high = new Float64Array(channels);
  const low = new Float64Array(channels);
  const half = new Float64Array(channels);
  const inverse = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    const m = multiplier[multiplier.length === 1 ? 0 : c] as number;
    const n = shift[shift.length === 1 ? 0 : c] as number;
    high[c] = Math.floor(m / 65536);
    low[c] = (m % 65536) / 65536;
    half[c] = 2 ** (n - 17);
    inverse[c] = 2 ** (16 - n);
  }
  const { qmin, qmax } = node;
  const zero = node.grid.zeroPoint;
  return {
    run(acc, pixels, to, at) {
      const count = pixels * channels;
      for (let i = 0, c = 0; i < count; i++) {
        const a = acc[i] as number;
        const head = a * (high[c] as number) + Math.floor(a * (low[c] as number));
        const q = Math.floor((head + (half[c] as number)) * (inverse[c] as number)) + zero;
        // A byte keeps the low 8 bits, which is two's complement.
        to[at + i] = q < qmin ? qmin : q > qmax ? qmax : q;
        if (++c === channels) c = 0;
      }
    },
  };
};
