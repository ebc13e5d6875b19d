import { makeImage } from '../image.js';
import { mirror } from '../resize-weights.js';
import { toByte } from './check.js';
import type { Degradation } from './degradation.js';

/** Standard deviations in pixels along two perpendicular axes; equal ones blur in all directions alike. */
export interface GaussianBlurOptions {
  /** Along the direction `angle`; 0.05 to 10. */
  readonly sigma: number;
  /** Across it; `sigma` when left out. */
  readonly sigmaAcross?: number;
  /** Of the first axis, in degrees from the direction of x towards that of y; 0 when left out. */
  readonly angle?: number;
}

/**
 * The weights `exp(-d^T S^-1 d / 2)` at integer offsets `d`, normalised to 1, row by row, with `S` of the eigenvalues `sigma^2` and `sigmaAcross^2`. The side is
 * `2 ceil(3 max(sigma, sigmaAcross)) + 1`.
 *
 * @example
 * gaussianKernel({ sigma: 1 }).side; // 7
 */
export function gaussianKernel({ sigma, sigmaAcross = sigma, angle = 0 }: GaussianBlurOptions) {
  const radius = Math.ceil(3 * Math.max(sigma, sigmaAcross));
  const side = 2 * radius + 1;
  const [c, s] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
  const weights = Float64Array.from({ length: side * side }, (_, i) => {
    const x = (i % side) - radius;
    const y = Math.floor(i / side) - radius;
    const along = (c * x + s * y) / sigma;
    const across = (c * y - s * x) / sigmaAcross;
    return Math.exp(-(along * along + across * across) / 2);
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return { radius, side, weights: weights.map((weight) => weight / sum) };
}

/** Blur by an isotropic or anisotropic Gaussian kernel; edges are mirrored with the edge pixel repeated. */
export const gaussianBlur = {
  description: 'Gaussian blur, isotropic or anisotropic',
  fields: {
    sigma: { kind: 'number', low: 0.05, high: 10 },
    sigmaAcross: { kind: 'number', low: 0.05, high: 10, optional: true },
    angle: { kind: 'number', low: -360, high: 360, optional: true },
  },
  apply: ({ width, height, data }, options) => {
    const { radius, side, weights } = gaussianKernel(options);
    const columns = Int32Array.from({ length: width + 2 * radius }, (_, i) => mirror(i - radius, width) * 3);
    const out = makeImage(width, height);
    const row = new Float64Array(width * 3);
    for (let y = 0; y < height; y++) {
      row.fill(0);
      for (let j = 0; j < side; j++) {
        const from = mirror(y + j - radius, height) * width * 3;
        for (let i = 0; i < side; i++) {
          const weight = weights[j * side + i]!;
          for (let x = 0, to = 0; x < width; x++, to += 3) {
            const at = from + columns[x + i]!;
            row[to]! += weight * data[at]!;
            row[to + 1]! += weight * data[at + 1]!;
            row[to + 2]! += weight * data[at + 2]!;
          }
        }
      }
      for (let i = 0; i < row.length; i++) out.data[y * width * 3 + i] = toByte(row[i]!);
    }
    return out;
  },
} satisfies Degradation<GaussianBlurOptions>;
