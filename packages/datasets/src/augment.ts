/**
 * The eight symmetries of the square: bit 2 transposes, then bit 1 flips top to bottom, then bit 0 flips left to right.
 */
import { type Image, makeImage } from './image.js';

/** Number of symmetries; 0 is the identity. */
export const SYMMETRIES = 8;

/**
 * An image under one of the eight symmetries. Transposing swaps width and height.
 *
 * @param symmetry an integer from 0 to 7
 *
 * @example
 * applySymmetry(image, 1); // mirrored left to right
 */
export function applySymmetry(image: Image, symmetry: number): Image {
  const transposed = (symmetry & 4) !== 0;
  const out = transposed ? makeImage(image.height, image.width) : makeImage(image.width, image.height);
  copyTransformed(image, { x: 0, y: 0, width: image.width, height: image.height }, symmetry, out.data, 0);
  return out;
}

/** A rectangle in pixels. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Copies a rectangle of an image under one of the eight symmetries to `out`, from `offset` on: interleaved RGB, 0..255. The rectangle lies inside the image.
 */
export function copyTransformed(
  { data, width: stride }: Image,
  { x, y, width, height }: Rectangle,
  symmetry: number,
  out: Uint8Array | Float32Array,
  offset: number,
): void {
  const transposed = (symmetry & 4) !== 0;
  const rows = transposed ? width : height;
  const columns = transposed ? height : width;
  const rowStep = transposed ? 3 : 3 * stride;
  const columnStep = transposed ? 3 * stride : 3;
  const downwards = (symmetry & 2) === 0;
  const rightwards = (symmetry & 1) === 0;
  const top = (y * stride + x) * 3 + (downwards ? 0 : (rows - 1) * rowStep);
  const left = rightwards ? 0 : (columns - 1) * columnStep;
  const step = rightwards ? columnStep : -columnStep;
  for (let row = 0, to = offset; row < rows; row++) {
    let from = top + left + (downwards ? row : -row) * rowStep;
    for (let column = 0; column < columns; column++, from += step, to += 3) {
      out[to] = data[from]!;
      out[to + 1] = data[from + 1]!;
      out[to + 2] = data[from + 2]!;
    }
  }
}
