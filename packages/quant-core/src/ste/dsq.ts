import { perCell, tanhSlope } from './cell.js';
import type { Ste } from './types.js';

/**
 * Differentiable soft quantization (Gong et al., ICCV 2019): the gradient of a tanh in every cell between two levels.
 *
 * Surrogate gradient: `dq/dr = s k (1 - tanh(k (f - 1/2))^2) / 2` for `qmin <= r <= qmax`, else 0; `f` the position in the cell, 0..1,
 * `s = 1 / (1 - alpha)`, `k = log(2 / alpha - 1)`, so that the soft curve meets the levels. Its mean over a cell is 1.
 *
 * `alpha`, in (0, 1), is how far the soft curve is from a staircase: towards 0 the gradient gathers where the rounding jumps, towards 1 it is the clipped
 * estimator's. The paper learns it, and begins at 0.2.
 */
export const dsq = {
  name: 'dsq',
  description: 'slope of a tanh in every cell (differentiable soft quantization)',
  formula:
    'dq/dr = s k (1 - tanh(k (f - 1/2))^2) / 2 for qmin <= r <= qmax, else 0; s = 1/(1 - alpha), k = log(2/alpha - 1)',
  options: { alpha: 0.2 },
  refuses: ({ alpha }) =>
    (alpha as number) > 0 && (alpha as number) < 1 ? null : `have an alpha between 0 and 1, got ${alpha}`,
  rounding: 'nearest',
  gradient: (dq, r, { range, options }) =>
    perCell(dq, r, range, tanhSlope(Math.log(2 / (options['alpha'] as number) - 1))),
} as const satisfies Ste;
