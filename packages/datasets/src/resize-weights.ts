/**
 * One axis of a MATLAB-compatible bicubic resize: which samples each output sample is made of, and their weights.
 */

/** For output sample `i`: the sum over `t < taps` of `weights[i * taps + t] * input[mirror(start[i] + t)]`. */
export interface AxisWeights {
  readonly taps: number;
  /** 0-based; below zero or beyond the end at the edges, where {@link mirror} applies. */
  readonly start: Int32Array;
  readonly weights: Float64Array;
}

/** The cubic convolution kernel of Keys (1981) with a = -0.5. */
export function cubic(x: number): number {
  const d = Math.abs(x);
  if (d <= 1) return (1.5 * d - 2.5) * d * d + 1;
  if (d <= 2) return ((-0.5 * d + 2.5) * d - 4) * d + 2;
  return 0;
}

/** The index that an index outside `0 .. length - 1` stands for: reflected, with the edge sample repeated. */
export function mirror(index: number, length: number): number {
  const period = 2 * length;
  const at = ((index % period) + period) % period;
  return at < length ? at : period - 1 - at;
}

/**
 * Weights of `length` output samples at `scale` output samples per input sample. Below 1 the kernel is widened by `1 / scale` (antialiasing).
 *
 * With 1-based positions `u = x / s + (1 - 1 / s) / 2`, kernel width `w = 4 max(1, 1 / s)`, `floor(u - w / 2)` leftmost of `ceil(w) + 2` taps; each row of weights is
 * normalised to 1, and taps that no output sample needs are left out.
 *
 * @example
 * axisWeights(1, 0.5).weights; // [-3, -9, 29, 111, 111, 29, -9, -3] / 256
 */
export function axisWeights(length: number, scale: number): AxisWeights {
  const step = 1 / scale;
  const shrink = Math.min(1, scale);
  const width = 4 * Math.max(1, step);
  const candidates = Math.ceil(width) + 2;
  const rows = Array.from({ length }, (_, i) => {
    const position = (i + 1) * step + 0.5 * (1 - step);
    const left = Math.floor(position - width / 2);
    const row = Array.from({ length: candidates }, (_, t) => shrink * cubic(shrink * (position - left - t)));
    const first = row.findIndex((weight) => weight !== 0);
    const used = row.slice(first, row.findLastIndex((weight) => weight !== 0) + 1);
    const sum = used.reduce((total, weight) => total + weight, 0);
    return { start: left - 1 + first, weights: used.map((weight) => weight / sum) };
  });
  const taps = rows.reduce((most, row) => Math.max(most, row.weights.length), 0);
  const start = Int32Array.from(rows, (row) => row.start);
  const weights = new Float64Array(length * taps);
  for (const [i, row] of rows.entries()) weights.set(row.weights, i * taps);
  return { taps, start, weights };
}
