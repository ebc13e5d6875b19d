import type { LevelRange } from '../grids.js';
import { clipped } from './clipped.js';
import type { Ste } from './types.js';

/** LSQ's factor on the gradient of a step: `1 / sqrt(N * qmax)`; 1 for `qmax` where a grid has no level above zero. */
export const lsqRate = (count: number, { qmax }: LevelRange): number => 1 / Math.sqrt(count * Math.max(1, qmax));

/**
 * The clipped estimator with LSQ's gradient scale (Esser et al., ICLR 2020, section 2.2).
 *
 * Surrogate gradient: `dq/dr = 1` for `qmin <= r <= qmax`, else 0. The gradient of the quantizer's parameters is multiplied by `1 / sqrt(N * qmax)`, `N` the
 * number of values that share one entry, so that steps move, relative to their size, about as fast as weights under plain gradient descent.
 * Adam cancels such a constant.
 */
export const lsqScale = {
  name: 'lsq-scale',
  description: "clipped, with LSQ's gradient scale on the parameters",
  formula: 'dq/dr = 1 for qmin <= r <= qmax, else 0; parameters times 1 / sqrt(count * qmax)',
  options: {},
  rounding: 'nearest',
  gradient: clipped.gradient,
  kernel: 'clipped',
  parameterRate: lsqRate,
} as const satisfies Ste;
