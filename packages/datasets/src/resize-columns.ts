/**
 * The vertical pass of a resize: one output row at the input's width, as a weighted sum of input rows in float64.
 *
 * The 8-bit pass reads four samples as one 32-bit word. Where the weights are symmetric, as at factors of 1/2, 1/3 and 1/4, it adds the two rows of equal weight
 * first, two 16-bit lanes at a time: sums of two bytes need nine bits.
 *
 * Words are signed, since an unsigned one beyond 2^31 is a boxed number until the code is compiled; and the loops are short, since compiling them is most of what a first call
 * costs beyond a later one.
 */
import { type AxisWeights, mirror } from './resize-weights.js';

/** Rows of bytes that can be read as words. */
export interface ByteRows {
  readonly height: number;
  /** Words of a row; the last one may reach beyond the samples. */
  readonly words: number;
  readonly data: Int32Array;
}

const littleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Rows of `length` bytes as words, the lowest byte first: a view where alignment allows, else a copy. */
export function byteRows(data: Uint8Array, length: number): ByteRows {
  const height = data.length / length;
  const words = Math.ceil(length / 4);
  if (littleEndian && length % 4 === 0 && data.byteOffset % 4 === 0) {
    return { height, words, data: new Int32Array(data.buffer, data.byteOffset, words * height) };
  }
  const copy = new Uint8Array(words * 4 * height);
  for (let y = 0; y < height; y++) copy.set(data.subarray(y * length, (y + 1) * length), y * words * 4);
  const view = new Int32Array(copy.buffer);
  if (!littleEndian) for (let i = 0; i < view.length; i++) view[i] = swapped(view[i]!);
  return { height, words, data: view };
}

function swapped(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** Row `y` of the vertical pass over bytes. `out` holds `4 * words` samples; what lies beyond the row is meaningless. */
export function filterByteColumns(rows: ByteRows, axis: AxisWeights, y: number, out: Float64Array): void {
  const { taps, start, weights } = axis;
  const first = y * taps;
  const at = (t: number) => mirror(start[y]! + t, rows.height) * rows.words;
  out.fill(0);
  if (isSymmetric(axis, y)) {
    const half = taps / 2;
    for (let t = 0; t < half; t += 2) {
      const next = Math.min(t + 1, half - 1);
      const pairs = [at(t), at(taps - 1 - t), at(next), at(taps - 1 - next)];
      addPairs(rows, out, pairs, [weights[first + t]!, t + 1 < half ? weights[first + t + 1]! : 0]);
    }
    return;
  }
  for (let t = 0; t < taps; t += 4) {
    const starts = [0, 1, 2, 3].map((k) => at(Math.min(t + k, taps - 1)));
    addRows(
      rows,
      out,
      starts,
      [0, 1, 2, 3].map((k) => (t + k < taps ? weights[first + t + k]! : 0)),
    );
  }
}

function isSymmetric({ taps, weights }: AxisWeights, y: number): boolean {
  if (taps % 2) return false;
  for (let i = y * taps, j = i + taps - 1; i < j; i++, j--) if (weights[i] !== weights[j]) return false;
  return true;
}

/** Adds four weighted rows. */
function addRows({ data, words }: ByteRows, out: Float64Array, rows: readonly number[], w: readonly number[]): void {
  const [r0, r1, r2, r3] = [rows[0]!, rows[1]!, rows[2]!, rows[3]!];
  const [w0, w1, w2, w3] = [w[0]!, w[1]!, w[2]!, w[3]!];
  for (let i = 0, o = 0; i < words; i++, o += 4) {
    const a = data[r0 + i]!;
    const b = data[r1 + i]!;
    const c = data[r2 + i]!;
    const d = data[r3 + i]!;
    out[o]! += w0 * (a & 255) + w1 * (b & 255) + w2 * (c & 255) + w3 * (d & 255);
    out[o + 1]! += w0 * ((a >>> 8) & 255) + w1 * ((b >>> 8) & 255) + w2 * ((c >>> 8) & 255) + w3 * ((d >>> 8) & 255);
    out[o + 2]! +=
      w0 * ((a >>> 16) & 255) + w1 * ((b >>> 16) & 255) + w2 * ((c >>> 16) & 255) + w3 * ((d >>> 16) & 255);
    out[o + 3]! += w0 * (a >>> 24) + w1 * (b >>> 24) + w2 * (c >>> 24) + w3 * (d >>> 24);
  }
}

/** Two of four bytes in two 16-bit lanes. */
const LANES = 0x00ff00ff;

/** Adds two weighted sums of two rows. */
function addPairs({ data, words }: ByteRows, out: Float64Array, rows: readonly number[], w: readonly number[]): void {
  const [a0, b0, a1, b1] = [rows[0]!, rows[1]!, rows[2]!, rows[3]!];
  const [w0, w1] = [w[0]!, w[1]!];
  for (let i = 0, o = 0; i < words; i++, o += 4) {
    const p0 = data[a0 + i]!;
    const q0 = data[b0 + i]!;
    const p1 = data[a1 + i]!;
    const q1 = data[b1 + i]!;
    const e0 = (p0 & LANES) + (q0 & LANES);
    const e1 = (p1 & LANES) + (q1 & LANES);
    const f0 = ((p0 >>> 8) & LANES) + ((q0 >>> 8) & LANES);
    const f1 = ((p1 >>> 8) & LANES) + ((q1 >>> 8) & LANES);
    out[o]! += w0 * (e0 & 0xffff) + w1 * (e1 & 0xffff);
    out[o + 1]! += w0 * (f0 & 0xffff) + w1 * (f1 & 0xffff);
    out[o + 2]! += w0 * (e0 >>> 16) + w1 * (e1 >>> 16);
    out[o + 3]! += w0 * (f0 >>> 16) + w1 * (f1 >>> 16);
  }
}

/** Row `y` of the vertical pass over a float plane of `out.length` columns. */
export function filterFloatColumns(
  data: Float32Array | Float64Array,
  height: number,
  { taps, start, weights }: AxisWeights,
  y: number,
  out: Float64Array,
): void {
  out.fill(0);
  for (let t = 0; t < taps; t++) {
    const from = mirror(start[y]! + t, height) * out.length;
    const weight = weights[y * taps + t]!;
    for (let i = 0; i < out.length; i++) out[i]! += weight * data[from + i]!;
  }
}
