import { clipped } from './clipped.js';
import type { Ste } from './types.js';

/**
 * Stochastic rounding (Gupta et al., ICML 2015), seeded: to one of the two neighbouring levels, the upper one with the probability of the position between
 * them, so that the mean of many draws is the value itself, inside the grid. Levels stay as they are. `fakeQuant` needs a seed, and inference rounds to the
 * nearest.
 *
 * Surrogate gradient: the clipped estimator's, `dq/dr = 1` for `qmin <= r <= qmax`, else 0. The gradient of the step sees the level that was drawn.
 */
export const stochastic = {
  name: 'stochastic',
  description: 'rounds to a neighbour at random by distance; clipped gradient',
  formula: 'dq/dr = 1 for qmin <= r <= qmax, else 0',
  options: {},
  rounding: 'stochastic',
  gradient: clipped.gradient,
} as const satisfies Ste;
