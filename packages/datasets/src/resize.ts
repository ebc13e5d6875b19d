/**
 * MATLAB-compatible bicubic resize: what the field means by "bicubic", as baseline and as degradation.
 */
import { DatasetError } from './error.js';
import { type Image, makeImage } from './image.js';
import { byteRows, filterByteColumns, filterFloatColumns } from './resize-columns.js';
import { type AxisWeights, axisWeights, mirror } from './resize-weights.js';

/** Target size in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** One channel in float, row by row: `data[y * width + x]`; any range. */
export interface FloatPlane<Data extends Float32Array | Float64Array = Float32Array | Float64Array> extends Size {
  readonly data: Data;
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
  const { size, vertical, horizontal } = axes('resizeBicubic', image, to);
  const out = makeImage(size.width, size.height);
  const rows = byteRows(image.data, image.width * 3);
  const { padded, before, row } = paddedRow(horizontal, image.width, 3, rows.words * 4);
  for (let y = 0; y < out.height; y++) {
    filterByteColumns(rows, vertical, y, row);
    mirrorEdges(padded, before, image.width, 3);
    filterRow(padded, before, horizontal, out.data.subarray(y * out.width * 3, (y + 1) * out.width * 3));
  }
  return out;
}

/**
 * {@link resizeBicubic} of one float channel, neither clamped nor rounded: for luma, for ranges other than 0..255, and for pipelines that round once at their end.
 *
 * @param to a factor or the target size, as for {@link resizeBicubic}
 * @returns a plane of the same kind of samples; sums are taken in float64
 * @throws DatasetError as {@link resizeBicubic}, and when `data` does not hold `width * height` samples
 *
 * @example
 * resizeBicubicPlane({ width: 2, height: 1, data: Float64Array.of(0, 1) }, { width: 1, height: 1 }).data; // [0.5]
 */
export function resizeBicubicPlane(plane: FloatPlane<Float32Array>, to: number | Size): FloatPlane<Float32Array>;
export function resizeBicubicPlane(plane: FloatPlane<Float64Array>, to: number | Size): FloatPlane<Float64Array>;
export function resizeBicubicPlane(plane: FloatPlane, to: number | Size): FloatPlane {
  const { data, width, height } = plane;
  if (data.length !== width * height || data.length === 0) {
    throw new DatasetError(
      'resizeBicubicPlane',
      `data must hold width * height samples, got ${data.length} for ${width}x${height}`,
      'give one channel, row by row',
    );
  }
  const { size, vertical, horizontal } = axes('resizeBicubicPlane', plane, to);
  const samples = size.width * size.height;
  const out = data instanceof Float32Array ? new Float32Array(samples) : new Float64Array(samples);
  const { padded, before, row } = paddedRow(horizontal, width, 1, width);
  for (let y = 0; y < size.height; y++) {
    filterFloatColumns(data, height, vertical, y, row);
    mirrorEdges(padded, before, width, 1);
    filterPlaneRow(padded, before, horizontal, out, y * size.width);
  }
  return { ...size, data: out };
}

interface Axes {
  readonly size: Size;
  readonly vertical: AxisWeights;
  readonly horizontal: AxisWeights;
}

/** The target size and both axes' weights. A factor such as 1/3 is no binary fraction: 1e-9 pixels more do not make another pixel. */
function axes(where: string, { width, height }: Size, to: number | Size): Axes {
  if (typeof to === 'number' && !(to > 0 && Number.isFinite(to))) {
    throw new DatasetError(where, `the factor must be positive and finite, got ${to}`, 'for example 1/4');
  }
  const side = (length: number, factor: number) => Math.ceil(length * factor - 1e-9);
  const size =
    typeof to === 'number'
      ? { width: side(width, to), height: side(height, to) }
      : { width: to.width, height: to.height };
  for (const length of [size.width, size.height]) {
    if (!Number.isInteger(length) || length < 1) {
      throw new DatasetError(
        where,
        `width and height must be positive integers, got ${size.width}x${size.height}`,
        'correct the size',
      );
    }
  }
  return {
    size,
    vertical: axisWeights(size.height, typeof to === 'number' ? to : size.height / height),
    horizontal: axisWeights(size.width, typeof to === 'number' ? to : size.width / width),
  };
}

/** A buffer for a row of `width` pixels with its mirrored edges, `before` pixels on its left; `row` views `length` samples from the first pixel on. */
function paddedRow({ taps, start }: AxisWeights, width: number, channels: number, length: number) {
  const before = start.reduce((most, first) => Math.max(most, -first), 0);
  const after = start.reduce((most, first) => Math.max(most, first + taps - width), 0);
  const beyond = Math.max(after * channels, length - width * channels);
  const padded = new Float64Array((before + width) * channels + beyond);
  return { padded, before, row: padded.subarray(before * channels, before * channels + length) };
}

function mirrorEdges(padded: Float64Array, before: number, width: number, channels: number): void {
  const copy = (i: number) => {
    const from = (before + mirror(i, width)) * channels;
    padded.copyWithin((before + i) * channels, from, from + channels);
  };
  for (let i = -before; i < 0; i++) copy(i);
  for (let i = width; (before + i + 1) * channels <= padded.length; i++) copy(i);
}

/** One output row of the horizontal pass over RGB, rounded to 8 bits. */
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

/** One output row of the horizontal pass over one channel. */
function filterPlaneRow(
  padded: Float64Array,
  before: number,
  { taps, start, weights }: AxisWeights,
  out: Float32Array | Float64Array,
  to: number,
): void {
  for (let x = 0, w = 0; x < start.length; x++) {
    let sum = 0;
    for (let t = 0, at = start[x]! + before; t < taps; t++, at++, w++) sum += weights[w]! * padded[at]!;
    out[to + x] = sum;
  }
}

function toByte(value: number): number {
  if (value <= 0) return 0;
  return value >= 255 ? 255 : Math.floor(value + 0.5);
}
