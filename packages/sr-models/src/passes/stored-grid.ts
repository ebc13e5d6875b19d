/** How the levels of a spec are stored in an integer model. */
import { levelRange, type QuantSpec } from '@fqsr/quant-core/spec';
import type { LevelGrid, RequantizeNode } from '@fqsr/runtime/format';

/** A grid as a file holds it, without its scale, and the stored levels that it may take. */
export interface StoredGrid extends Pick<RequantizeNode, 'qmin' | 'qmax'> {
  readonly grid: Omit<LevelGrid, 'scale'>;
}

/**
 * Mid-tread levels are stored as they are. The odd levels of a mid-rise grid are stored as unsigned numbers `q` of `bits` bits with `level = 2 * (q - z) + 1`, where `z`
 * is half of their number on signed grids and 0 on unsigned ones.
 *
 * @param zeroPoint of an affine grid, else 0
 */
export function storedGrid(spec: QuantSpec, zeroPoint: number): StoredGrid {
  const { bits, signed } = spec;
  if (spec.grid === 'midtread') return { grid: { bits, signed, zeroPoint }, ...ends(spec) };
  const half = signed ? 2 ** (bits - 1) : 0;
  return { grid: { bits, signed: false, zeroPoint: half, spacing: 2 }, qmin: 0, qmax: 2 ** bits - 1 };
}

function ends(spec: QuantSpec): Pick<RequantizeNode, 'qmin' | 'qmax'> {
  const { qmin, qmax } = levelRange(spec);
  return { qmin, qmax };
}

/** The stored level of a value in steps, as the forward pass holds it: the zero point is taken off there. */
export function storedLevel(value: number, { grid: { zeroPoint, spacing } }: StoredGrid): number {
  return (spacing === 2 ? (value - 1) / 2 : value) + zeroPoint;
}
