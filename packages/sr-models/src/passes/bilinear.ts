/**
 * Bilinear enlargement as integers. Subpixel `d` of `f` lies at `(2 d + 1 - f) / (2 f)` of a pixel from the middle of its own: a weighted mean of that pixel and its
 * neighbour on that side, with weights in quarters (x2), thirds (x3) or eighths (x4). In two dimensions these multiply: integers over 16, 9 or 64.
 */
import type { BilinearNode, Graph } from '../graph.js';

/** A bilinear enlargement as a convolution in front of a `dcr` pixel shuffle. */
export interface BilinearTaps {
  /** `[3, 3, channels, factor^2 * channels]` (HWIO): each channel by itself, output channel `(dy * factor + dx) * channels + c`. */
  readonly weights: Float32Array;
  /** What the weights of an output sum to. */
  readonly unit: number;
  /** Width of the weights as signed integers. */
  readonly bits: number;
}

/**
 * The weights of a node.
 *
 * @example
 * bilinearTaps({ channels: 1, factor: 2 }).unit; // 16; the first subpixel is (1 a + 3 b + 3 c + 9 d) / 16 of the pixels above left, above, left and its own
 */
export function bilinearTaps({ channels, factor }: Pick<BilinearNode, 'channels' | 'factor'>): BilinearTaps {
  const whole = factor % 2 === 0 ? 2 * factor : factor;
  const lines = Array.from({ length: factor }, (_, d): readonly [number, number, number] => {
    const offset = ((2 * d + 1 - factor) * whole) / (2 * factor);
    return [Math.max(0, -offset), whole - Math.abs(offset), Math.max(0, offset)];
  });
  const outputs = factor * factor * channels;
  const weights = new Float32Array(9 * channels * outputs);
  for (const [dy, column] of lines.entries()) {
    for (const [dx, row] of lines.entries()) {
      for (const [ky, vertical] of column.entries()) {
        for (const [kx, horizontal] of row.entries()) {
          for (let c = 0; c < channels; c++) {
            const output = (dy * factor + dx) * channels + c;
            weights[((ky * 3 + kx) * channels + c) * outputs + output] = vertical * horizontal;
          }
        }
      }
    }
  }
  const largest = weights.reduce((a, b) => Math.max(a, b));
  return { weights, unit: whole * whole, bits: Math.ceil(Math.log2(largest + 1)) + 1 };
}

/** Grey levels of each colour that the last convolution adds, since a bilinear enlargement beside it leaves them out. */
export function imageOffset({ nodes }: Graph): readonly number[] {
  return nodes.find((node) => node.op === 'bilinear')?.offset ?? [0, 0, 0];
}

/** Output channels of a node. */
export function bilinearChannels({ channels, factor }: Pick<BilinearNode, 'channels' | 'factor'>): number {
  return factor * factor * channels;
}
