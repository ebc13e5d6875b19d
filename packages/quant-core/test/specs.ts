/** Every spec that a quantizer serves. */

import type { Quantizer } from '../src/quantizers/types.js';
import { type GridName, makeSpec, type QuantSpec } from '../src/spec.js';

const truth = [false, true] as const;
const grids = ['midtread', 'midrise'] as const satisfies readonly GridName[];
const granularities = ['tensor', 'channel'] as const;

/** All grids of these widths that `makeSpec` allows, per tensor and per channel. */
export function allSpecs(quantizer: string, ste = 'clipped', widths = [1, 2, 3, 4, 5, 6, 7, 8]): readonly QuantSpec[] {
  const specs: QuantSpec[] = [];
  for (const bits of widths)
    for (const grid of grids)
      for (const signed of truth)
        for (const narrow of truth)
          for (const affine of truth)
            for (const granularity of granularities) {
              // An unsigned grid is the same, narrow or not.
              if (narrow && (!signed || grid === 'midrise' || bits === 1)) continue;
              if (affine && (narrow || grid === 'midrise')) continue;
              specs.push(makeSpec({ bits, grid, signed, narrow, affine, granularity, quantizer, ste }));
            }
  return specs;
}

/** Those of them that the quantizer serves. */
export function servedSpecs(quantizer: Quantizer, ste?: string, widths?: number[]): readonly QuantSpec[] {
  return allSpecs(quantizer.name, ste, widths).filter((spec) => quantizer.refuses(spec) === null);
}

/** A spec in words. */
export function title({ bits, grid, signed, narrow, affine, granularity }: QuantSpec): string {
  const words = [`${bits} bits`, signed ? 'signed' : 'unsigned', grid, granularity];
  return [...words, ...(narrow ? ['narrow'] : []), ...(affine ? ['affine'] : [])].join(' ');
}
