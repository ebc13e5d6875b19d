/** From the range of a tensor to a grid. */
import { type LevelRange, levelRange } from '../grids.js';
import type { QuantSpec } from '../quant-spec.js';
import { clamp, roundHalfEven } from '../round.js';
import type { Extent, Fit } from './types.js';

/** Steps are float32, and no subnormal ones, which some backends count as 0. */
const [SMALLEST, LARGEST] = [2 ** -126, 2 ** 127];

/** A fit whose step float32 can hold. */
export function fitOf(step: number, zeroPoint: number): Fit {
  return { step: clamp(step, SMALLEST, LARGEST), zeroPoint };
}

/**
 * The grid that holds a range: affine, or with 0 at level 0.
 *
 * @param extent in the tensor's units; contains 0
 */
export function gridOver(extent: Extent, spec: QuantSpec): Fit {
  return spec.affine ? affineGrid(extent, levelRange(spec)) : fitOf(holdingStep(extent, levelRange(spec)), 0);
}

/**
 * The least step that clips nothing on a side that has levels: `max(high / qmax, low / qmin)`; 1 when nothing lies on such a side.
 *
 * @example
 * holdingStep({ low: -8, high: 6 }, { qmin: -8, qmax: 7, spacing: 1 }); // 1
 */
export function holdingStep({ low, high }: Extent, { qmin, qmax }: LevelRange): number {
  const step = Math.max(qmax > 0 ? high / qmax : 0, qmin < 0 ? low / qmin : 0);
  return step > 0 ? step : 1;
}

/**
 * The affine grid of a range: `s = (high - low) / (qmax - qmin)`, `z = clamp(round(qmin - low / s), qmin, qmax)`. Zero is a level, so one end may be clipped by
 * half a step.
 *
 * @example
 * affineGrid({ low: -1, high: 14 }, { qmin: 0, qmax: 15, spacing: 1 }); // step 1, zeroPoint 1
 */
export function affineGrid({ low, high }: Extent, { qmin, qmax }: LevelRange): Fit {
  if (low === high) return { step: 1, zeroPoint: clamp(0, qmin, qmax) };
  const { step } = fitOf((high - low) / (qmax - qmin), 0);
  return { step, zeroPoint: clamp(roundHalfEven(qmin - low / step), qmin, qmax) + 0 };
}

/** The outermost level, as a magnitude: `qmax`, or `-qmin` where no level is positive. */
export function outermost({ qmin, qmax }: LevelRange): number {
  return qmax > 0 ? qmax : -qmin;
}
