/**
 * A canvas that is painted from front to back: what is painted stays.
 */
import { type Image, makeImage } from '../image.js';
import { type Lattice, type Paint, samplerOf } from './paint.js';
import { type Shape, type Span, spanAt, verticalExtent } from './shape.js';

/** A square canvas of `side^2` pixels. */
export interface Canvas {
  readonly side: number;
  readonly pixels: Uint8ClampedArray;
  /** 1 where nothing has been painted. */
  readonly open: Uint8Array;
  /** Open pixels of each row. */
  readonly openInRow: Int32Array;
}

/** An empty canvas. */
export function createCanvas(side: number): Canvas {
  return {
    side,
    pixels: new Uint8ClampedArray(side * side * 3),
    open: new Uint8Array(side * side).fill(1),
    openInRow: new Int32Array(side).fill(side),
  };
}

/** Paints the open pixels whose centres lie in a shape; returns how many there were. */
export function paintBehind(canvas: Canvas, shape: Shape, paint: Paint, lattice: Lattice): number {
  const { side, openInRow } = canvas;
  const [low, high] = verticalExtent(shape);
  const first = Math.max(0, Math.ceil(low - 0.5));
  const last = Math.min(side - 1, Math.floor(high - 0.5));
  const span: Span = { from: 0, to: 0 };
  let painted = 0;
  for (let y = first; y <= last; y++) {
    if (openInRow[y] === 0) continue;
    spanAt(shape, y + 0.5, span);
    const from = Math.max(0, Math.ceil(span.from - 0.5));
    const to = Math.min(side - 1, Math.floor(span.to - 0.5));
    const count = paintRow(canvas, y, from, to, paint, lattice);
    openInRow[y]! -= count;
    painted += count;
  }
  return painted;
}

function paintRow(
  { side, pixels, open }: Canvas,
  y: number,
  from: number,
  to: number,
  paint: Paint,
  lattice: Lattice,
): number {
  const { texture, amplitude, sx } = paint;
  const [r, g, b] = paint.colour;
  const [gainR, gainG, gainB] = paint.gain;
  const { ux, vx } = texture;
  const sample = samplerOf(texture);
  const s = paint.sy * y + paint.s0;
  const u = texture.uy * y + texture.u0;
  const v = texture.vy * y + texture.v0;
  const row = y * side;
  let count = 0;
  for (let x = from; x <= to; x++) {
    if (open[row + x] === 0) continue;
    open[row + x] = 0;
    count++;
    let shade = s + sx * x;
    if (amplitude !== 0) shade += amplitude * sample(u + ux * x, v + vx * x, lattice);
    const at = (row + x) * 3;
    pixels[at] = r + gainR * shade;
    pixels[at + 1] = g + gainG * shade;
    pixels[at + 2] = b + gainB * shade;
  }
  return count;
}

/**
 * The canvas at half its size, through the binomial filter of order `softness`: 1 averages 2x2 pixels; 3, 5 and 7 are softer, as lenses are. Edges are clamped.
 *
 * @param softness an odd integer from 1 to 7
 */
export function halve({ side, pixels }: Canvas, softness: number): Image {
  const size = side / 2;
  const weights = binomial(softness);
  const half = weights.length / 2;
  const out = makeImage(size, size);
  const padded = new Float64Array((side + 2 * half) * 3);
  const line = padded.subarray(half * 3, (half + side) * 3);
  for (let y = 0; y < size; y++) {
    line.fill(0);
    for (let t = 0; t < half; t++) {
      const above = Math.max(0, 2 * y - t) * side * 3;
      const below = Math.min(side - 1, 2 * y + 1 + t) * side * 3;
      const weight = weights[half + t]!;
      for (let i = 0; i < line.length; i++) line[i]! += weight * (pixels[above + i]! + pixels[below + i]!);
    }
    for (let t = 0; t < half; t++) {
      padded.copyWithin(t * 3, half * 3, half * 3 + 3);
      padded.copyWithin((half + side + t) * 3, (half + side - 1) * 3, (half + side) * 3);
    }
    halveLine(padded, weights, out.data.subarray(y * size * 3, (y + 1) * size * 3));
  }
  return out;
}

/** Filters and halves one line that is padded by half the filter on both sides; rounds half up. */
function halveLine(padded: Float64Array, weights: readonly number[], out: Uint8Array): void {
  const half = weights.length / 2;
  for (let to = 0, x = half * 3; to < out.length; to += 3, x += 6) {
    let r = 0.5;
    let g = 0.5;
    let b = 0.5;
    for (let t = 0; t < half; t++) {
      const weight = weights[half + t]!;
      const before = x - t * 3;
      const after = x + (t + 1) * 3;
      r += weight * (padded[before]! + padded[after]!);
      g += weight * (padded[before + 1]! + padded[after + 1]!);
      b += weight * (padded[before + 2]! + padded[after + 2]!);
    }
    out[to] = r;
    out[to + 1] = g;
    out[to + 2] = b;
  }
}

/** `[C(n, 0), ..., C(n, n)] / 2^n`. */
function binomial(n: number): readonly number[] {
  let row = [1];
  for (let i = 0; i < n; i++) row = [...row, 0].map((value, k) => (value + (row[k - 1] ?? 0)) / 2);
  return row;
}
