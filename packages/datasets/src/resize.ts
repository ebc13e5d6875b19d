/**
 * MATLAB-compatible bicubic resize: what the field means by "bicubic", as baseline and as degradation.
 */
import { DatasetError } from './error.js';
import { type Image, makeImage } from './image.js';
import { type AxisWeights, axisWeights, mirror } from './resize-weights.js';

/** Target size in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Resizes with the cubic kernel of a = -0.5, antialiased when it shrinks, edges mirrored with the edge pixel repeated; height first, then width. The rows between both
 * passes stay in float64; the result is clamped to 0..255 and rounded half up.
 *
 * @param to a factor (then each side becomes `ceil(side * factor)`), or the target size, each axis with its own factor
 * @throws DatasetError when the factor is not positive and finite, or the size not of positive integers
 *
 * @example
 * resizeBicubic(image, 1 / 4); // 480x320 becomes 120x80
 */
export function resizeBicubic(image: Image, to: number | Size): Image {
  const size = typeof to === 'number' ? sizeAt(image, to) : to;
  const out = makeImage(size.width, size.height);
  const vertical = axisWeights(size.height, typeof to === 'number' ? to : size.height / image.height);
  const horizontal = axisWeights(size.width, typeof to === 'number' ? to : size.width / image.width);
  const before = horizontal.start.reduce((most, start) => Math.max(most, -start), 0);
  const after = horizontal.start.reduce((most, start) => Math.max(most, start + horizontal.taps - image.width), 0);
  const padded = new Float64Array((before + image.width + after) * 3);
  const row = padded.subarray(before * 3, (before + image.width) * 3);
  for (let y = 0; y < out.height; y++) {
    filterColumns(image, vertical, y, row);
    mirrorEdges(padded, before, image.width, after);
    filterRow(padded, before, horizontal, out.data.subarray(y * out.width * 3, (y + 1) * out.width * 3));
  }
  return out;
}

/** The size of an image at a factor. A factor such as 1/3 is no binary fraction: 1e-9 pixels more do not make another pixel. */
function sizeAt({ width, height }: Size, factor: number): Size {
  if (!(factor > 0 && Number.isFinite(factor))) {
    throw new DatasetError('resizeBicubic', `the factor must be positive and finite, got ${factor}`, 'for example 1/4');
  }
  return { width: Math.ceil(width * factor - 1e-9), height: Math.ceil(height * factor - 1e-9) };
}

/** One output row of the vertical pass, at the input's width: four taps at a time. */
function filterColumns(
  { data, width, height }: Image,
  { taps, start, weights }: AxisWeights,
  y: number,
  out: Float64Array,
): void {
  const length = width * 3;
  const top = start[y]!;
  const at = (t: number) => mirror(top + Math.min(t, taps - 1), height) * length;
  const weight = (t: number) => (t < taps ? weights[y * taps + t]! : 0);
  for (let t = 0; t < taps; t += 4) {
    const [r0, r1, r2, r3] = [at(t), at(t + 1), at(t + 2), at(t + 3)];
    const [w0, w1, w2, w3] = [weight(t), weight(t + 1), weight(t + 2), weight(t + 3)];
    if (t === 0) {
      for (let i = 0; i < length; i++) {
        out[i] = w0 * data[r0 + i]! + w1 * data[r1 + i]! + w2 * data[r2 + i]! + w3 * data[r3 + i]!;
      }
    } else {
      for (let i = 0; i < length; i++) {
        out[i]! += w0 * data[r0 + i]! + w1 * data[r1 + i]! + w2 * data[r2 + i]! + w3 * data[r3 + i]!;
      }
    }
  }
}

function mirrorEdges(padded: Float64Array, before: number, width: number, after: number): void {
  for (let i = -before; i < 0; i++) copyPixel(padded, before + mirror(i, width), before + i);
  for (let i = width; i < width + after; i++) copyPixel(padded, before + mirror(i, width), before + i);
}

function copyPixel(pixels: Float64Array, from: number, to: number): void {
  pixels.copyWithin(to * 3, from * 3, from * 3 + 3);
}

/** One output row of the horizontal pass, rounded to 8 bits. */
function filterRow(padded: Float64Array, before: number, { taps, start, weights }: AxisWeights, out: Uint8Array): void {
  for (let x = 0, to = 0, w = 0; to < out.length; x++, to += 3) {
    let r = 0;
    let g = 0;
    let b = 0;
    let at = (start[x]! + before) * 3;
    for (let t = 0; t < taps; t++, at += 3, w++) {
      const weight = weights[w]!;
      r += weight * padded[at]!;
      g += weight * padded[at + 1]!;
      b += weight * padded[at + 2]!;
    }
    out[to] = toByte(r);
    out[to + 1] = toByte(g);
    out[to + 2] = toByte(b);
  }
}

function toByte(value: number): number {
  if (value <= 0) return 0;
  return value >= 255 ? 255 : Math.floor(value + 0.5);
}
