import { perCell, tanhSlope } from './cell.js';
import { lsqRate } from './lsq-scale.js';
import type { Ste } from './types.js';

/**
 * The redistributed gradient of QuantSR (Qin et al., NeurIPS 2023), as its released operator has it.
 *
 * Surrogate gradient: `dq/dr = (1 - tanh(f - 1/2)^2) / (2 tanh(1/2))` for `qmin <= r <= qmax`, else 0; `f` the position between two levels, 0..1. It runs from
 * 0.85 on the levels to 1.08 where the rounding jumps. The gradient of the step is multiplied by LSQ's `1 / sqrt(N * qmax)`, as there.
 */
export const quantsr = {
  name: 'quantsr',
  description: "QuantSR's redistribution: slope of a gentle tanh in every cell",
  formula:
    'dq/dr = (1 - tanh(f - 1/2)^2) / (2 tanh(1/2)) for qmin <= r <= qmax, else 0; parameters times 1 / sqrt(count * qmax)',
  options: {},
  rounding: 'nearest',
  gradient: (dq, r, { range }) => perCell(dq, r, range, tanhSlope(1)),
  parameterRate: lsqRate,
} as const satisfies Ste;
