/** Specs of every kind of grid. */
import { makeSpec, type QuantSpec } from '../src/quant-spec.js';

/** Every grid of the given widths: mid-tread signed, unsigned, narrow and affine, and mid-rise. */
export function everyGrid(widths: readonly number[]): readonly QuantSpec[] {
  return widths.flatMap((bits) => [
    ...[true, false].flatMap((signed) => [
      makeSpec({ bits, signed }),
      makeSpec({ bits, signed, affine: true }),
      makeSpec({ bits, signed, grid: 'midrise' }),
    ]),
    ...(bits > 1 ? [makeSpec({ bits, narrow: true })] : []),
  ]);
}

/** What a grid is, in a few words. */
export function nameOf({ bits, signed, grid, narrow, affine }: QuantSpec): string {
  return `${bits} bits${signed ? '' : ', unsigned'}${narrow ? ', narrow' : ''}${affine ? ', affine' : ''}, ${grid}`;
}
