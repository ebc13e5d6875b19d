/**
 * Alpha, which no network has seen: bicubic (Catmull-Rom, a = -0.5) at the positions of the upscaled pixels, edges repeated, in whole numbers. With `m = 2 * scale` a
 * pixel lies at `n / m` between two samples, so the four weights are integers over `2 m^3`; both directions are summed exactly and rounded once, half up. Opaque
 * stays opaque and clear stays clear.
 */

/** The four weights of each phase over `2 * (2 * scale)^3`, and the sample of the first of them, relative to the phase's pixel. */
interface Phase {
  readonly first: number;
  readonly weights: readonly [number, number, number, number];
}

function phasesOf(scale: number): readonly Phase[] {
  const m = 2 * scale;
  return Array.from({ length: scale }, (_, p) => {
    const offset = 2 * p + 1 - scale;
    const n = offset < 0 ? offset + m : offset;
    return {
      first: offset < 0 ? -2 : -1,
      weights: [
        -(n ** 3) + 2 * n ** 2 * m - n * m ** 2,
        3 * n ** 3 - 5 * n ** 2 * m + 2 * m ** 3,
        -3 * n ** 3 + 4 * n ** 2 * m + n * m ** 2,
        n ** 3 - n ** 2 * m,
      ],
    };
  });
}

/** Rows of the input that a row of the result sees below its own. */
export const ALPHA_REACH = 2;

/**
 * Upscales alpha row by row.
 *
 * @param sample alpha of the input, inside the image
 * @returns writes row `y` of the result into every fourth byte of `to`, from the fourth on
 *
 * @example
 * alphaRows({ width: 2, height: 1, scale: 2 }, (x) => 255 * x)(0, to); // 0, 52, 203, 255
 */
export function alphaRows(
  { width, height, scale }: { readonly width: number; readonly height: number; readonly scale: number },
  sample: (x: number, y: number) => number,
): (y: number, to: { [index: number]: number }) => void {
  const phases = phasesOf(scale);
  const unit = (2 * (2 * scale) ** 3) ** 2;
  const column = new Float64Array(width);
  const inside = (at: number, length: number) => Math.min(length - 1, Math.max(0, at));
  return (y, to) => {
    const vertical = phases[y % scale] as Phase;
    const top = Math.floor(y / scale) + vertical.first;
    column.fill(0);
    for (const [k, weight] of vertical.weights.entries()) {
      const row = inside(top + k, height);
      for (let x = 0; x < width; x++) column[x] = (column[x] as number) + weight * sample(x, row);
    }
    for (let x = 0, at = 3; x < width; x++) {
      for (const { first, weights } of phases) {
        let sum = 0;
        for (let k = 0; k < 4; k++) sum += (weights[k] as number) * (column[inside(x + first + k, width)] as number);
        to[at] = Math.min(255, Math.max(0, Math.floor((2 * sum + unit) / (2 * unit))));
        at += 4;
      }
    }
  };
}
