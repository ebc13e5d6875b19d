/**
 * Bicubic enlargement row by row, in whole numbers: for what no network has seen, alpha and the bits below the eighth.
 */
import type { Samples } from './pad-colour.js';

/** The four weights of each phase over `2 * (2 * scale)^3`, and the sample of the first of them, relative to the phase's pixel. */
interface Phase {
  readonly first: number;
  readonly weights: readonly [number, number, number, number];
}

/** Catmull-Rom (a = -0.5) at the positions of the enlarged pixels, `n / m` between two samples with `m = 2 * scale`. */
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

/** What {@link enlargeRows} enlarges. */
export interface RowShape {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly scale: number;
}

/** Rows that a row sees above and below its own. */
const REACH = 2;

/**
 * Enlarges rows: cubic kernel of a = -0.5, edge samples repeated, rounded once, half up, and clamped to the range of the samples. The 8-bit result is the very alpha that `@fqsr/runtime`
 * makes of an RGBA image.
 *
 * @param rows samples of 8 or 16 bits, from the top, any whole number of rows at a time
 * @returns for each row its `scale` rows of `width * scale` pixels
 *
 * @example
 * enlargeRows([Uint8Array.of(0, 255)], { width: 2, height: 1, channels: 1, scale: 2 }); // twice 0, 52, 203, 255
 */
export async function* enlargeRows(
  rows: AsyncIterable<Samples> | Iterable<Samples>,
  shape: RowShape,
): AsyncGenerator<Samples, void> {
  const length = shape.width * shape.channels;
  const phases = phasesOf(shape.scale);
  const window = new Map<number, Samples>();
  let [known, made] = [0, 0];
  for await (const chunk of rows) {
    for (let at = 0; at < chunk.length; at += length) window.set(known++, chunk.slice(at, at + length));
    while (made < shape.height && (made + REACH < known || known === shape.height)) {
      yield enlarged(window, made, shape, phases);
      window.delete(made - REACH);
      made++;
    }
  }
}

function enlarged(
  window: ReadonlyMap<number, Samples>,
  y: number,
  { width, height, channels, scale }: RowShape,
  phases: readonly Phase[],
): Samples {
  const out = window.get(y) instanceof Uint16Array ? Uint16Array : Uint8Array;
  const result = new out(scale * scale * width * channels);
  const most = out === Uint16Array ? 65535 : 255;
  const unit = (2 * (2 * scale) ** 3) ** 2;
  const column = new Float64Array(width * channels);
  let at = 0;
  for (const vertical of phases) {
    column.fill(0);
    for (const [k, weight] of vertical.weights.entries()) {
      const row = window.get(inside(y + vertical.first + k, height)) as Samples;
      for (let i = 0; i < column.length; i++) column[i] = (column[i] as number) + weight * (row[i] as number);
    }
    for (let x = 0; x < width; x++) {
      for (const { first, weights } of phases) {
        const [a, b, c, d] = weights;
        const [p, q] = [inside(x + first, width) * channels, inside(x + first + 1, width) * channels];
        const [r, s] = [inside(x + first + 2, width) * channels, inside(x + first + 3, width) * channels];
        for (let each = 0; each < channels; each++) {
          const sum =
            a * (column[p + each] as number) +
            b * (column[q + each] as number) +
            c * (column[r + each] as number) +
            d * (column[s + each] as number);
          result[at++] = Math.min(most, Math.max(0, Math.floor((2 * sum + unit) / (2 * unit))));
        }
      }
    }
  }
  return result;
}

function inside(at: number, length: number): number {
  return Math.min(length - 1, Math.max(0, at));
}
